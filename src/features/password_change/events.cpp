#include "features/password_change/events.h"

namespace latchkey::features::password_change::events {
namespace {

constinit metrics::Counter changed{R"(change="changed")"};
constinit metrics::Counter removed{R"(change="removed")"};
constinit metrics::Counter refused{R"(change="refused")"};

constexpr metrics::Family families[] = {
    {"latchkey_password_changes_total",
     "Passwords that their owners changed or removed, and refusals.",
     {&changed, &removed, &refused}},
};

}  // namespace

constinit const flow::Event password_changed{
    .name = "password_changed", .counted = {{flow::ok, &changed}}, .otherwise = &refused};
constinit const flow::Event password_removed{
    .name = "password_removed", .counted = {{flow::ok, &removed}}, .otherwise = &refused};

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::password_change::events
