#include "features/totp/feature.h"

#include "features/totp/pages.h"
#include "flow/accounts/factor_notices.h"
#include "flow/accounts/notice.h"
#include "flow/signin/closed_mail.h"

namespace latchkey::features::totp {
namespace {

constexpr std::string_view factor_variables[] = {"address", "device", "factor"};
constexpr mail::Message mails[] = {
    {.name = flow::accounts::factor_added_message,
     .variables = factor_variables,
     .link = flow::accounts::not_me},
    {.name = flow::accounts::factor_removed_message,
     .variables = factor_variables,
     .link = flow::accounts::not_me},
    {.name = flow::signin::factor_closed_message,
     .variables = flow::accounts::notice_variables,
     .link = flow::accounts::not_me},
};

}  // namespace

const api::Feature feature{.name = "totp",
                           .endpoints = endpoints,
                           .browser_endpoints = browser_endpoints,
                           .mails = mails,
                           .pages = pages};

}  // namespace latchkey::features::totp
