#include "features/email_change/events.h"

namespace latchkey::features::email_change::events {
namespace {

constinit metrics::Counter asked{R"(outcome="asked")"};
constinit metrics::Counter changed{R"(outcome="ok")"};
constinit metrics::Counter undone{R"(outcome="undone")"};
constinit metrics::Counter refused{R"(outcome="refused")"};

constexpr metrics::Family families[] = {
    {"latchkey_address_changes_total",
     "Changes of address: mails that were asked for, what came of links and codes, and undos.",
     {&asked, &changed, &undone, &refused}},
};

}  // namespace

constinit const flow::Event change_asked{
    .name = "email_change_asked", .counted = {{flow::ok, &asked}}, .otherwise = &refused};
constinit const flow::Event email_changed{
    .name = "email_changed", .counted = {{flow::ok, &changed}}, .otherwise = &refused};
constinit const flow::Event email_undone{.name = "email_undone",
                                         .counted = {{flow::ok, &undone}},
                                         .otherwise = &refused,
                                         .line = {.name = "account.email_undone", .level = log::Level::warn}};

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::email_change::events
