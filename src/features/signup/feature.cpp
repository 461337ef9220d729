#include "features/signup/feature.h"

#include "features/signup/events.h"
#include "features/signup/invitation.h"
#include "features/signup/pages.h"

namespace latchkey::features::signup {
namespace {

constexpr std::string_view variables[] = {"invitation_url"};
constexpr mail::Message mails[] = {
    {
        .name = invitation_message,
        .variables = variables,
        .link = {.purpose = invitation_link.purpose,
                 .variable = "invitation_url",
                 .make = make_invitation_links},
    },
};

}  // namespace

const api::Feature feature{.name = "signup",
                           .endpoints = endpoints,
                           .browser_endpoints = browser_endpoints,
                           .mails = mails,
                           .pages = pages,
                           .counters = events::counters};

}  // namespace latchkey::features::signup
