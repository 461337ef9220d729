#include "api/rate_rules.h"

namespace latchkey::api {

namespace rates::counters {

constinit metrics::Counter sign_up_client{R"(rule="sign_up",by="client")"};
constinit metrics::Counter sign_up_all{R"(rule="sign_up",by="total")"};
constinit metrics::Counter sign_in_client{R"(rule="sign_in",by="client")"};
constinit metrics::Counter sign_in_all{R"(rule="sign_in",by="total")"};
constinit metrics::Counter mail_requests_client{R"(rule="mail_requests",by="client")"};
constinit metrics::Counter mail_requests_all{R"(rule="mail_requests",by="total")"};
constinit metrics::Counter links_client{R"(rule="links",by="client")"};
constinit metrics::Counter refresh_client{R"(rule="refresh",by="client")"};
constinit metrics::Counter refresh_all{R"(rule="refresh",by="total")"};
constinit metrics::Counter account_changes_client{R"(rule="account_changes",by="client")"};

}  // namespace rates::counters

http::RateLimit make_rate_limit(const RateRule& rule, const Settings& settings, TokenBuckets& buckets) {
  if (rule.is_none() || !settings.limits.enabled) return {};
  return {.name = rule.name,
          .buckets = &buckets,
          .client = settings.limits.*rule.client,
          .total = rule.total == nullptr ? Rate{} : settings.limits.*rule.total,
          .of_client = rule.of_client,
          .of_all = rule.of_all};
}

metrics::Families rate_counters() {
  using namespace rates::counters;
  static constexpr metrics::Family list[] = {
      {"latchkey_requests_limited_total",
       "Requests answered 429 because a client, or all together, had asked too often.",
       {&sign_up_client, &sign_up_all, &sign_in_client, &sign_in_all, &mail_requests_client,
        &mail_requests_all, &links_client, &refresh_client, &refresh_all, &account_changes_client}},
  };
  return list;
}

}  // namespace latchkey::api
