#include "features/signup/events.h"

namespace latchkey::features::signup {

constinit metrics::Counter sign_up_created{R"(outcome="created")"};
constinit metrics::Counter sign_up_exists{R"(outcome="exists")"};
constinit metrics::Counter sign_up_refused{R"(outcome="refused")"};

namespace {

constexpr metrics::Family families[] = {
    {"latchkey_sign_ups_total",
     "Sign-ups by outcome.",
     {&sign_up_created, &sign_up_exists, &sign_up_refused}},
};

}  // namespace

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::signup
