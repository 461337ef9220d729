#include "flow/signin/events.h"

namespace latchkey::flow::signin::events {
namespace {

using enum ErrorCode;

constinit metrics::Counter signed_in{R"(outcome="ok")"};
constinit metrics::Counter invalid{R"(outcome="invalid")"};
constinit metrics::Counter unconfirmed{R"(outcome="unconfirmed")"};
constinit metrics::Counter blocked{R"(outcome="blocked")"};
constinit metrics::Counter limited{R"(outcome="limited")"};
constinit metrics::Counter busy{R"(outcome="overloaded")"};

}  // namespace

constinit const Event sign_in{.name = "sign_in",
                              .counted = {{ok, &signed_in},
                                          {email_not_confirmed, &unconfirmed},
                                          {account_blocked, &blocked},
                                          {too_many_attempts, &limited},
                                          {overloaded, &busy}},
                              .otherwise = &invalid};

metrics::Families families() {
  static constexpr metrics::Family list[] = {
      {"latchkey_sign_ins_total",
       "Sign-ins by outcome.",
       {&signed_in, &invalid, &unconfirmed, &blocked, &limited, &busy}},
  };
  return list;
}

}  // namespace latchkey::flow::signin::events
