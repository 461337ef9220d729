#include "features/signup/pages.h"

#include "api/access.h"
#include "api/browser_access.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "base/bytes.h"
#include "features/signup/invitation.h"
#include "features/signup/sign_up.h"
#include "http/language.h"
#include "web/pages.h"

namespace latchkey::features::signup {
namespace {

/// Whether the link works, as far as that shows before it is used.
Result<> check_link(const api::Api& api, const http::Request& request) {
  if (api.services.settings.accounts.sign_up == settings::SignUp::off)
    return Error(ErrorCode::sign_up_closed);
  const auto keys = api.services.keys.current();
  const auto invitation = read_invitation(keys->ring(), request.parameter("token"), request.now);
  if (!invitation.has_value()) return Error(ErrorCode::invalid_link);
  return {};
}

/// Where the mail went, which the browser keeps for the next page.
constexpr std::string_view signed_up = "mail";

Result<> check_open(const api::Api& api) {
  if (api.services.settings.accounts.sign_up == settings::SignUp::open) return {};
  return Error(ErrorCode::sign_up_closed);
}

Task<Result<http::Response>> get_sign_up(const api::Api& api, http::Request& request) {
  const auto open = check_open(api);
  if (open.has_error()) co_return open.error();
  const bool is_in = co_await api::has_signed_in(api, request);
  if (is_in) co_return api::go_to(request, "account");
  co_return api::show(api, request, web::Form(sign_up_page));
}

Task<Result<http::Response>> post_sign_up(const api::Api& api, http::Request& request) {
  const auto open = check_open(api);
  if (open.has_error()) co_return open.error();
  web::Form form(sign_up_page);
  form.keep_sent(request);
  auto sent = api::decode<InvitedForm>(request);
  if (sent.has_error()) co_return api::show(api, request, form.refuse(sent.error()));
  const std::string address = sent->email;
  SignupInput input{.email = std::move(sent->email),
                    .username = std::move(sent->username),
                    .password = std::move(sent->password),
                    .language = api.pages.language_of(request).tag()};
  flow::Origin origin = api::origin_of(request);
  const auto done = co_await sign_up(api.services, std::move(origin), std::move(input));
  if (done.has_error()) {
    const ErrorCode code = done.error().code;
    if (code == ErrorCode::account_exists)
      co_return api::show(api, request, form.refuse_at("email", done.error()));
    if (code == ErrorCode::username_taken)
      co_return api::show(api, request, form.refuse_at("username", done.error()));
    co_return api::show(api, request, form.refuse(done.error()));
  }
  if (done->tokens.has_value()) co_return api::welcome(api, request, *done->tokens);
  auto response = api::go_to(request, "check-your-mail");
  api::remember_step(response, signed_up, encode_base64url(view_bytes(address)));
  co_return response;
}

Task<Result<http::Response>> get_check_mail(const api::Api& api, http::Request& request) {
  const auto address = decode_base64url(api::remembered_step(request, signed_up));
  const std::string shown = address.has_value() ? std::string(view_text(*address)) : std::string();
  co_return api::show(api, request, check_mail_page, {{"address", shown}});
}

constexpr api::Endpoint page_rows[] = {
    api::page_row("/sign-up", "Where people create an account", api::any_browser, "signup", get_sign_up),
    api::form_row("/sign-up", "Create an account", api::any_browser, "signup", post_sign_up,
                  api::rates::sign_up),
    api::page_row("/check-your-mail", "Where the mail of a sign-up went", api::any_browser, "signup",
                  get_check_mail),
};

}  // namespace

constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

Task<Result<http::Response>> get_invited(const api::Api& api, http::Request& request) {
  const auto works = check_link(api, request);
  if (works.has_error()) co_return works.error();
  co_return api.pages.render(request, web::Form(invited_page));
}

Task<Result<http::Response>> post_invited(const api::Api& api, http::Request& request) {
  const auto works = check_link(api, request);
  if (works.has_error()) co_return works.error();
  web::Form form(invited_page);
  const auto fields = http::parse_form(request);
  if (fields.has_value()) form.keep_sent(*fields);
  auto sent = api::decode<InvitedForm>(request);
  if (sent.has_error()) {
    if (sent.error().code != ErrorCode::validation_failed) co_return sent.error();
    co_return api.pages.render(request, form.refuse(sent.error()));
  }
  SignupInput input{.email = std::move(sent->email),
                    .username = std::move(sent->username),
                    .password = std::move(sent->password),
                    .language = http::preferred_language(request),
                    .invitation = std::string(request.parameter("token"))};
  flow::Origin origin = api::origin_of(request);
  const auto done = co_await sign_up(api.services, std::move(origin), std::move(input));
  if (done.has_error()) co_return api.pages.render(request, form.refuse(done.error()));
  const bool confirms = !done->user.confirmed;
  co_return api.pages.render(request, signed_up_page, {{"confirmation", confirms ? "yes" : ""}});
}

}  // namespace latchkey::features::signup
