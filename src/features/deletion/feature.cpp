#include "features/deletion/feature.h"

#include "features/deletion/carry_out.h"
#include "features/deletion/events.h"
#include "features/deletion/mails.h"
#include "features/deletion/pages.h"
#include "flow/accounts/notice.h"

namespace latchkey::features::deletion {
namespace {

constexpr std::string_view scheduled_variables[] = {"keep_url", "address", "device", "not_me_url",
                                                    "not_me_expires_at"};
constexpr mail::Message mails[] = {
    {
        .name = scheduled_message,
        .variables = scheduled_variables,
        .link = {.purpose = keep_link.purpose, .variable = "keep_url", .make = make_keep_links},
    },
    {.name = stopped_message, .variables = flow::accounts::notice_variables, .link = flow::accounts::not_me},
    // Nobody can take back what is gone.
    {.name = deleted_message, .variables = flow::accounts::notice_variables},
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
