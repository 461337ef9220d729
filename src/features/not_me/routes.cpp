#include "api/feature.h"
#include "api/link_page.h"
#include "features/not_me/feature.h"
#include "features/not_me/secure.h"
#include "flow/accounts/notice.h"

namespace latchkey::features::not_me {
namespace {

using enum ErrorCode;

/// A button, and what it does.
constexpr web::PageFile ask_page{
    .file = "not_me/ask.html", .title = "@not_me.title", .variables = {"username", "address"}};
constexpr web::PageFile secured_page{.file = "not_me/secured.html", .title = "@not_me.done_title"};
constexpr web::PageFile pages[] = {ask_page, secured_page};

Task<Result<TemplateValues>> look(flow::Services& services, flow::Origin origin, std::string token) {
  const auto secure = co_await look_at_link(services, std::move(origin), std::move(token));
  if (secure.has_error()) co_return secure.error();
  const std::string address = secure->former.has_value() ? secure->former->address.address : "";
  co_return TemplateValues{{"username", secure->account.username}, {"address", address}};
}

constexpr api::LinkPage not_me{
    .path = "/api/auth/not_me/{token}",
    .counter = "not_me",
    .ask = &ask_page,
    .done = &secured_page,
    .hint = "Send a POST to this address to take the account back",
    .said = "The account was taken back",
    .look = look,
    .act = secure_account,
};

constexpr api::Endpoint endpoints[] = {
    api::shows_link<not_me>("\"This was not me\": shows a page with a button and changes nothing"),
    api::uses_link<not_me>(
        "\"This was not me\": take the account back",
        "Ends every session and the password, removes the factors that were added since the event, and "
        "gives a changed address back. The next sign-in asks for a new password."),
};

constexpr mail::Message mails[] = {
    {.name = secured_message, .variables = flow::accounts::notice_variables},
};

}  // namespace

const api::Feature feature{
    .name = "not_me", .endpoints = endpoints, .mails = mails, .pages = pages, .counters = counters};

}  // namespace latchkey::features::not_me
