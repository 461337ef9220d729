#include "features/sessions/events.h"

namespace latchkey::features::sessions {

constinit metrics::Counter refresh_rotated{R"(outcome="rotated")"};
constinit metrics::Counter refresh_repeated{R"(outcome="repeated")"};
constinit metrics::Counter refresh_reused{R"(outcome="reused")"};
constinit metrics::Counter refresh_refused{R"(outcome="refused")"};

namespace {

constexpr metrics::Family families[] = {
    {"latchkey_refreshes_total",
     "Refreshes by outcome; repeated is a retry within the grace, reused ends the session.",
     {&refresh_rotated, &refresh_repeated, &refresh_reused, &refresh_refused}},
};

}  // namespace

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::sessions
