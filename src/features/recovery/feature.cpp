#include "features/recovery/feature.h"

#include "features/recovery/events.h"
#include "features/recovery/mails.h"
#include "features/recovery/pages.h"
#include "features/recovery/reset_link.h"

namespace latchkey::features::recovery {

namespace {

constexpr std::string_view reset_variables[] = {"reset_url", "code", "code_expires_at"};
constexpr std::string_view changed_variables[] = {"address"};
constexpr mail::Message mails[] = {
    {
        .name = reset_message,
        .variables = reset_variables,
        .link = {.purpose = reset_link.purpose, .variable = "reset_url", .make = make_reset_links},
    },
    {
        .name = changed_message,
        .variables = changed_variables,
    },
};

}  // namespace

const api::Feature feature{
    .name = "recovery", .endpoints = endpoints, .mails = mails, .pages = pages, .counters = events::counters};

}  // namespace latchkey::features::recovery
