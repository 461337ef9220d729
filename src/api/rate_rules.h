#pragma once

#include <string_view>

#include "base/metrics.h"
#include "base/token_buckets.h"
#include "http/rate_limit.h"
#include "settings/settings.h"

namespace latchkey::api {

/// How often clients may ask a route: which settings say it. The gate refuses what goes beyond before it
/// reads a body, and before anything is hashed, mailed or written. Rows with the same rule share their
/// buckets.
struct RateRule {
  std::string_view name{};                             ///< empty: no limit
  Rate settings::Settings::Limits::*client = nullptr;  ///< for each client
  Rate settings::Settings::Limits::*total = nullptr;   ///< for all together; may be missing
  metrics::Counter* of_client = nullptr;
  metrics::Counter* of_all = nullptr;

  constexpr bool is_none() const { return name.empty(); }
};

/// A route without a rule costs little (`users/me`, a list of one's own), ends what it needs (logout), or is
/// for administrators.
namespace rates {

namespace counters {
extern metrics::Counter sign_up_client, sign_up_all;
extern metrics::Counter sign_in_client, sign_in_all;
extern metrics::Counter mail_requests_client, mail_requests_all;
extern metrics::Counter links_client;
extern metrics::Counter refresh_client, refresh_all;
extern metrics::Counter account_changes_client;
}  // namespace counters

using Limits = settings::Settings::Limits;

inline constexpr RateRule sign_up{.name = "sign_up",
                                  .client = &Limits::sign_up,
                                  .total = &Limits::sign_up_total,
                                  .of_client = &counters::sign_up_client,
                                  .of_all = &counters::sign_up_all};
inline constexpr RateRule sign_in{.name = "sign_in",
                                  .client = &Limits::sign_in,
                                  .total = &Limits::sign_in_total,
                                  .of_client = &counters::sign_in_client,
                                  .of_all = &counters::sign_in_all};
/// Asks for a mail, whichever it is.
inline constexpr RateRule mail_requests{.name = "mail_requests",
                                        .client = &Limits::mail_requests,
                                        .total = &Limits::mail_requests_total,
                                        .of_client = &counters::mail_requests_client,
                                        .of_all = &counters::mail_requests_all};
/// Uses the link or the code of a mail.
inline constexpr RateRule links{
    .name = "links", .client = &Limits::links, .of_client = &counters::links_client};
/// Changes what an account has, or reads much of it: rows, entries of the audit, notices.
inline constexpr RateRule account_changes{.name = "account_changes",
                                          .client = &Limits::account_changes,
                                          .of_client = &counters::account_changes_client};
inline constexpr RateRule refresh{.name = "refresh",
                                  .client = &Limits::refresh,
                                  .total = &Limits::refresh_total,
                                  .of_client = &counters::refresh_client,
                                  .of_all = &counters::refresh_all};

}  // namespace rates

/// The rule as the settings have it. Where `limits.enabled` is off, it limits nothing.
http::RateLimit make_rate_limit(const RateRule& rule, const Settings& settings, TokenBuckets& buckets);

metrics::Families rate_counters();

}  // namespace latchkey::api
