#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/link_page.h"
#include "api/token_response.h"
#include "features/email_change/ask.h"
#include "features/email_change/confirm.h"
#include "features/email_change/feature.h"
#include "features/email_change/pages.h"
#include "features/email_change/undo.h"
#include "http/language.h"
#include "http/respond.h"

namespace latchkey::features::email_change {
namespace {

using enum ErrorCode;

struct ChangeRequest {
  std::string email;
  std::optional<bool> keep_sessions;
};
constexpr auto describe(const ChangeRequest*) {
  return api::object(
      "ChangeEmail",
      api::member("email", &ChangeRequest::email,
                  {.meaning = "The new address",
                   .format = "email",
                   .example = "new@example.com",
                   .shown_longest = 254}),
      api::member(
          "keep_sessions", &ChangeRequest::keep_sessions,
          {.meaning = "true: the other sessions of the account go on once the address is changed; they "
                      "end otherwise"}));
}

struct AskedResponse {
  std::string message;
  std::string handle;
};
constexpr auto describe(const AskedResponse*) {
  return api::object("EmailChangeAsked", api::member("message", &AskedResponse::message),
                     api::member("handle", &AskedResponse::handle,
                                 {.meaning = "goes with the code of the mail; keep it until then"}));
}

struct ConfirmRequest {
  std::string handle;
  std::string code;
};
constexpr auto describe(const ConfirmRequest*) {
  return api::object("ConfirmEmailChange", api::member("handle", &ConfirmRequest::handle),
                     api::member("code", &ConfirmRequest::code,
                                 {.meaning = "of the mail to the new address", .example = "12345678"}));
}

Task<Result<http::Response>> post_email(const api::Api& api, http::Request& request) {
  auto body = api::decode<ChangeRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  flow::sessions::Caller caller = api::caller_of(request);
  Ask ask{.email = std::move(body->email),
          .keep_sessions = body->keep_sessions.value_or(false),
          .language = http::preferred_language(request)};
  auto handle = co_await ask_for_change(api.services, std::move(origin), std::move(caller), std::move(ask));
  if (handle.has_error()) co_return handle.error();
  const AskedResponse answer{.message = "A mail is on its way to the new address.",
                             .handle = std::move(*handle)};
  co_return http::json_response(200, api::to_json(answer));
}

constexpr std::string_view changed = "Address changed";

Task<Result<http::Response>> post_confirm(const api::Api& api, http::Request& request) {
  auto body = api::decode<ConfirmRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  const auto asker = flow::sessions::asker_of(api::caller_of(request));
  auto proved =
      co_await try_change_code(api.services, origin, std::move(body->handle), std::move(body->code));
  if (proved.has_error()) co_return proved.error();
  const auto done = co_await confirm_own_change(api.services, std::move(origin), asker, std::move(*proved),
                                                http::preferred_language(request));
  if (done.has_error()) co_return done.error();
  co_return http::message_response(200, changed);
}

Task<Result<TemplateValues>> look_at_link(flow::Services& services, flow::Origin origin, std::string token) {
  const auto proved = co_await look_at_change(services, std::move(origin), std::move(token));
  if (proved.has_error()) co_return proved.error();
  co_return TemplateValues{{"username", proved->proof.account.username},
                           {"address", proved->address.address}};
}

Task<Result<>> confirm_by_link(flow::Services& services, flow::Origin origin, std::string token,
                               std::string language) {
  auto proved = co_await look_at_change(services, origin, std::move(token));
  if (proved.has_error()) co_return proved.error();
  co_return co_await confirm_change(services, std::move(origin), std::move(*proved), std::move(language));
}

constexpr api::LinkPage change{
    .path = "/api/auth/email_change/{token}",
    .counter = "email_change",
    .ask = &confirm_page,
    .done = &changed_page,
    .hint = "Send a POST to this address to change the address of the account",
    .said = changed,
    .look = look_at_link,
    .act = confirm_by_link,
};

Task<Result<TemplateValues>> look_at_former(flow::Services& services, flow::Origin origin,
                                            std::string token) {
  const auto undo = co_await look_at_undo(services, std::move(origin), std::move(token));
  if (undo.has_error()) co_return undo.error();
  co_return TemplateValues{{"username", undo->account.username}, {"address", undo->address.address}};
}

constexpr api::LinkPage undo{
    .path = "/api/auth/undo/{token}",
    .counter = "email_change",
    .ask = &undo_page,
    .done = &undone_page,
    .hint = "Send a POST to this address to take the account back",
    .said = "The account was taken back",
    .look = look_at_former,
    .act = undo_change,
};

constexpr api::Endpoint rows[] = {
    {
        .method = http::Method::post,
        .path = "/api/users/me/email",
        .tag = "users",
        .summary = "Ask for another e-mail address",
        .description =
            "Nothing changes before the new address confirms, with the link or the code of the mail that it "
            "gets. The old address is told. An address that another account has is answered in the same way "
            "and gets no mail.",
        .access = api::signed_in_recently,
        .rate = api::rates::mail_requests,
        .body = api::takes<ChangeRequest>(),
        .answer = api::gives<AskedResponse>(),
        .refusals = {malformed_json, invalid_token, recent_sign_in_required, address_changed_lately,
                     validation_failed},
        .counter = "email_change",
        .handler = post_email,
    },
    {
        .method = http::Method::post,
        .path = "/api/users/me/email/confirm",
        .tag = "users",
        .summary = "Confirm the new address with the code of the mail",
        .access = api::signed_in,
        .rate = api::rates::links,
        .body = api::takes<ConfirmRequest>(),
        .answer = api::gives<api::MessageResponse>(),
        .refusals = {malformed_json, invalid_token, invalid_link, validation_failed},
        .counter = "email_change",
        .handler = post_confirm,
    },
    api::shows_link<change>("Shows a page with a button and changes nothing"),
    api::uses_link<change>("Confirm the new address with the link of the mail"),
    api::shows_link<undo>("Undo a change of address: shows a page with a button and changes nothing"),
    api::uses_link<undo>(
        "Undo a change of address, and take the account back",
        "Gives the old address back, ends every session and the password, and removes the factors that "
        "were added since the change. The next sign-in asks for a new password."),
};

}  // namespace

constinit const std::span<const api::Endpoint> endpoints = rows;

}  // namespace latchkey::features::email_change
