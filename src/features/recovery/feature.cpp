#include "features/recovery/feature.h"

#include "features/recovery/events.h"
#include "features/recovery/mails.h"
#include "features/recovery/pages.h"
#include "features/recovery/reset_link.h"
#include "flow/accounts/notice.h"

namespace latchkey::features::recovery {

namespace {

constexpr std::string_view reset_variables[] = {"reset_url", "code", "code_expires_at"};
constexpr mail::Message mails[] = {
    {
        .name = reset_message,
        .variables = reset_variables,
        .link = {.purpose = reset_link.purpose, .variable = "reset_url", .make = make_reset_links},
    },
    {
        .name = changed_message,
        .variables = flow::accounts::notice_variables,
        .link = flow::accounts::not_me,
    },
};

}  // namespace

const api::Feature feature{.name = "recovery",
                           .endpoints = endpoints,
                           .browser_endpoints = browser_endpoints,
                           .mails = mails,
                           .pages = pages,
                           .counters = events::counters};

}  // namespace latchkey::features::recovery
