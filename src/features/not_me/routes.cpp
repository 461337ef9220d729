#include "api/access.h"
#include "api/api.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/token_response.h"
#include "features/not_me/feature.h"
#include "features/not_me/secure.h"
#include "flow/accounts/notice.h"
#include "http/language.h"
#include "http/media_type.h"
#include "http/respond.h"
#include "web/pages.h"

namespace latchkey::features::not_me {
namespace {

using enum ErrorCode;

/// A button, and what it does.
constexpr web::PageFile ask_page{
    .file = "not_me/ask.html", .title = "@not_me.title", .variables = {"username", "address"}};
constexpr web::PageFile secured_page{.file = "not_me/secured.html", .title = "@not_me.done_title"};
constexpr web::PageFile pages[] = {ask_page, secured_page};

Task<Result<http::Response>> get_not_me(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto secure = co_await look_at_link(api.services, std::move(origin), std::move(token));
  if (secure.has_error()) co_return secure.error();
  if (!http::prefers_html(request))
    co_return http::message_response(200, "Send a POST to this address to take the account back");
  const std::string address = secure->former.has_value() ? secure->former->address.address : "";
  co_return api.pages.render(request, ask_page,
                             {{"username", secure->account.username}, {"address", address}});
}

Task<Result<http::Response>> post_not_me(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  std::string language = http::preferred_language(request);
  const auto done =
      co_await secure_account(api.services, std::move(origin), std::move(token), std::move(language));
  if (done.has_error()) co_return done.error();
  if (http::prefers_html(request)) co_return api.pages.render(request, secured_page);
  co_return http::message_response(200, "The account was taken back");
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::get,
        .path = "/api/auth/not_me/{token}",
        .tag = "users",
        .summary = "\"This was not me\": shows a page with a button and changes nothing",
        .rate = api::rates::links,
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_link},
        .errors = http::ErrorStyle::page_or_field_list,
        .head = http::Head::allowed,
        .counter = "not_me",
        .handler = get_not_me,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/not_me/{token}",
        .tag = "users",
        .summary = "\"This was not me\": take the account back",
        .description =
            "Ends every session and the password, removes the factors that were added since the event, and "
            "gives a changed address back. The next sign-in asks for a new password.",
        .rate = api::rates::links,
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_link},
        .errors = http::ErrorStyle::page_or_field_list,
        .counter = "not_me",
        .handler = post_not_me,
    },
};

constexpr mail::Message mails[] = {
    {.name = secured_message, .variables = flow::accounts::notice_variables},
};

}  // namespace

const api::Feature feature{
    .name = "not_me", .endpoints = endpoints, .mails = mails, .pages = pages, .counters = counters};

}  // namespace latchkey::features::not_me
