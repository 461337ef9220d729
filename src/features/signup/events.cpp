#include "features/signup/events.h"

namespace latchkey::features::signup::events {
namespace {

constinit metrics::Counter created{R"(outcome="created")"};
constinit metrics::Counter exists{R"(outcome="exists")"};
constinit metrics::Counter refused{R"(outcome="refused")"};

constexpr metrics::Family families[] = {
    {"latchkey_sign_ups_total", "Sign-ups by outcome.", {&created, &exists, &refused}},
};

}  // namespace

constinit const flow::Event sign_up{.name = "sign_up",
                                    .counted = {{flow::ok, &created},
                                                {ErrorCode::account_exists, &exists},
                                                {ErrorCode::username_taken, &exists}},
                                    .otherwise = &refused};

constinit const flow::Event invited{.name = "user_invited"};

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::signup::events
