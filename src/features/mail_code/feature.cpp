#include "features/mail_code/feature.h"

#include "features/mail_code/events.h"
#include "features/mail_code/mails.h"
#include "features/mail_code/pages.h"
#include "flow/signin/prove_mail_code.h"

namespace latchkey::features::mail_code {

namespace {

constexpr std::string_view variables[] = {"code", "unconfirmed"};
constexpr mail::Message mails[] = {
    {
        .name = code_message,
        .variables = variables,
        .link = {.purpose = flow::signin::sign_in_code.purpose, .variable = "code", .make = make_code},
    },
};

}  // namespace

const api::Feature feature{.name = "mail_code",
                           .endpoints = endpoints,
                           .browser_endpoints = browser_endpoints,
                           .mails = mails,
                           .pages = pages,
                           .counters = events::counters};

}  // namespace latchkey::features::mail_code
