#include "features/confirmation/events.h"

namespace latchkey::features::confirmation {

constinit metrics::Counter confirmation_ok{R"(outcome="ok")"};
constinit metrics::Counter confirmation_repeated{R"(outcome="repeated")"};
constinit metrics::Counter confirmation_refused{R"(outcome="refused")"};

namespace {

constexpr metrics::Family families[] = {
    {"latchkey_confirmations_total",
     "Uses of confirmation links by outcome.",
     {&confirmation_ok, &confirmation_repeated, &confirmation_refused}},
};

}  // namespace

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::confirmation
