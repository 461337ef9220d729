#include "features/deletion/feature.h"

#include "features/deletion/carry_out.h"
#include "features/deletion/events.h"
#include "features/deletion/mails.h"
#include "features/deletion/pages.h"

namespace latchkey::features::deletion {
namespace {

constexpr std::string_view scheduled_variables[] = {"keep_url", "address"};
constexpr std::string_view stopped_variables[] = {"address"};
constexpr mail::Message mails[] = {
    {
        .name = scheduled_message,
        .variables = scheduled_variables,
        .link = {.purpose = keep_link.purpose, .variable = "keep_url", .make = make_keep_links},
    },
    {.name = stopped_message, .variables = stopped_variables},
    {.name = deleted_message},
};

constexpr flow::Sweep sweeps[] = {{.name = "deletions", .step = sweep_deletions}};

}  // namespace

const api::Feature feature{.name = "deletion",
                           .endpoints = endpoints,
                           .browser_endpoints = browser_endpoints,
                           .mails = mails,
                           .pages = pages,
                           .sweeps = sweeps,
                           .counters = events::counters};

}  // namespace latchkey::features::deletion
