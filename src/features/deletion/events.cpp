#include "features/deletion/events.h"

namespace latchkey::features::deletion::events {
namespace {

constinit metrics::Counter asked{R"(outcome="scheduled")"};
constinit metrics::Counter stopped{R"(outcome="stopped")"};
constinit metrics::Counter done{R"(outcome="deleted")"};
constinit metrics::Counter refused{R"(outcome="refused")"};

constexpr metrics::Family families[] = {
    {"latchkey_deletions_total",
     "Deletions of accounts by their owners: asked for, stopped within the grace, done, and refused.",
     {&asked, &stopped, &done, &refused}},
};

}  // namespace

constinit const flow::Event deletion_scheduled{
    .name = "deletion_scheduled", .counted = {{flow::ok, &asked}, {ErrorCode::last_administrator, &refused}}};
constinit const flow::Event deletion_stopped{
    .name = "deletion_stopped", .counted = {{flow::ok, &stopped}, {ErrorCode::invalid_link, &refused}}};
constinit const flow::Event deletion_due{
    .name = "deletion_due", .counted = {{flow::ok, &done}, {ErrorCode::last_administrator, &refused}}};

constinit const metrics::Families counters = families;

}  // namespace latchkey::features::deletion::events
