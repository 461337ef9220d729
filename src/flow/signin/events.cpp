#include "flow/signin/events.h"

namespace latchkey::flow::signin {

constinit metrics::Counter ok{R"(outcome="ok")"};
constinit metrics::Counter invalid{R"(outcome="invalid")"};
constinit metrics::Counter unconfirmed{R"(outcome="unconfirmed")"};
constinit metrics::Counter blocked{R"(outcome="blocked")"};
constinit metrics::Counter limited{R"(outcome="limited")"};
constinit metrics::Counter overloaded{R"(outcome="overloaded")"};

metrics::Families families() {
  static constexpr metrics::Family list[] = {
      {"latchkey_sign_ins_total",
       "Sign-ins by outcome.",
       {&ok, &invalid, &unconfirmed, &blocked, &limited, &overloaded}},
  };
  return list;
}

}  // namespace latchkey::flow::signin
