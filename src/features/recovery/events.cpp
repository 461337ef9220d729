#include "features/recovery/events.h"

namespace latchkey::features::recovery::events {
namespace {

constinit metrics::Counter asked{R"(outcome="asked")"};
constinit metrics::Counter done{R"(outcome="ok")"};
constinit metrics::Counter refused{R"(outcome="refused")"};

constexpr metrics::Family families[] = {
    {"latchkey_password_resets_total",
     "Password resets: mails that were asked for, and what came of links and codes.",
     {&asked, &done, &refused}},
};

}  // namespace

constinit const flow::Event reset_asked{.name = "password_reset_asked", .counted = {{flow::ok, &asked}}};
constinit const flow::Event password_reset{
    .name = "password_reset", .counted = {{flow::ok, &done}, {ErrorCode::invalid_link, &refused}}};

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::recovery::events
