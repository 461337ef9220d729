#include "features/sessions/events.h"

namespace latchkey::features::sessions::events {

constinit metrics::Counter rotated{R"(outcome="rotated")"};
constinit metrics::Counter repeated{R"(outcome="repeated")"};
constinit metrics::Counter refused{R"(outcome="refused")"};
constinit metrics::Counter limited{R"(outcome="limited")"};

namespace {

constinit metrics::Counter reused{R"(outcome="reused")"};

constexpr metrics::Family families[] = {
    {"latchkey_refreshes_total",
     "Refreshes by outcome; repeated is a retry within the grace, reused ends the session.",
     {&rotated, &repeated, &reused, &refused, &limited}},
};

}  // namespace

constinit const flow::Event logout{.name = "logout"};
constinit const flow::Event logout_all{.name = "logout_all"};
constinit const flow::Event session_ended{.name = "session_ended"};
constinit const flow::Event refresh_reuse{
    .name = "refresh_reuse", .counted = {{ended, &reused}}, .line = {"session.reuse", log::Level::warn}};

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::sessions::events
