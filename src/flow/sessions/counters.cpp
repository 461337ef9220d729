#include "flow/sessions/counters.h"

namespace latchkey::flow::sessions::counters {

constinit metrics::Counter opened;
constinit metrics::Counter ended_logout{R"(reason="logout")"};
constinit metrics::Counter ended_reuse{R"(reason="reuse")"};
constinit metrics::Counter ended_admin{R"(reason="admin")"};
constinit metrics::Counter ended_password{R"(reason="password")"};
constinit metrics::Counter ended_address{R"(reason="address")"};
constinit metrics::Counter ended_owner{R"(reason="taken_back")"};
constinit metrics::Counter ended_limit{R"(reason="limit")"};
constinit metrics::Counter access_token_refused{R"(outcome="refused")"};
constinit metrics::Counter access_token_recognized{R"(outcome="recognized")"};
constinit metrics::Counter access_token_cached{R"(outcome="cached")"};
constinit metrics::Counter access_token_verified{R"(outcome="verified")"};

metrics::Families families() {
  static constexpr metrics::Family list[] = {
      {"latchkey_sessions_opened_total", "Sessions opened.", {&opened}},
      {"latchkey_sessions_ended_total",
       "Sessions ended before their time, by reason.",
       {&ended_logout, &ended_reuse, &ended_admin, &ended_password, &ended_address, &ended_owner,
        &ended_limit}},
      {"latchkey_access_tokens_total",
       "Access tokens presented. Only verified ones took a signature check; cached ones were seen lately.",
       {&access_token_refused, &access_token_recognized, &access_token_cached, &access_token_verified}},
  };
  return list;
}

}  // namespace latchkey::flow::sessions::counters
