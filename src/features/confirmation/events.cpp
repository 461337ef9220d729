#include "features/confirmation/events.h"

namespace latchkey::features::confirmation::events {
namespace {

constinit metrics::Counter confirmed{R"(outcome="ok")"};
constinit metrics::Counter confirmed_before{R"(outcome="repeated")"};
constinit metrics::Counter refused{R"(outcome="refused")"};

constexpr metrics::Family families[] = {
    {"latchkey_confirmations_total",
     "Uses of confirmation links by outcome.",
     {&confirmed, &confirmed_before, &refused}},
};

}  // namespace

constinit const flow::Event email_confirmed{
    .name = "email_confirmed",
    .counted = {
        {flow::ok, &confirmed}, {repeated, &confirmed_before}, {ErrorCode::invalid_confirmation, &refused}}};
constinit const flow::Event email_rejected{.name = "email_rejected",
                                           .counted = {{ErrorCode::invalid_confirmation, &refused}}};

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::confirmation::events
