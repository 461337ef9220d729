#include "features/password/pages.h"

#include "api/access.h"
#include "api/api.h"
#include "api/browser_access.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "features/password/log_in.h"
#include "flow/signin/relying_party.h"

namespace latchkey::features::password {
namespace {

constexpr web::Field sign_in_fields[] = {
    {.name = "username",
     .id = "email",
     .label = "@field.email",
     .kind = web::FieldKind::email,
     .autocomplete = "username webauthn"},
    {.name = "password",
     .id = "current-password",
     .label = "@field.password",
     .kind = web::FieldKind::password,
     .autocomplete = "current-password"},
};
constexpr web::PageFile sign_in_page{
    .file = "password/sign_in.html",
    .title = "@sign_in.title",
    .variables = {"passkeys", "mail_codes", "other_ways", "sign_up", "on_the_way"},
    .fields = sign_in_fields};

struct SignInForm {
  std::string username;
  Secret password;
};
constexpr auto describe(const SignInForm*) {
  return api::object("SignInForm", api::member("username", &SignInForm::username),
                     api::member("password", &SignInForm::password));
}

/// The page, with the other ways in that there are here.
http::Response show_sign_in(const api::Api& api, const http::Request& request, const web::Form& form) {
  const auto& services = api.services;
  const bool passkeys = flow::signin::relying_party(services).has_value();
  const bool codes = services.settings.accounts.mail_sign_in;
  const bool open = services.settings.accounts.sign_up == settings::SignUp::open;
  return api::show(api, request, form,
                   {{"passkeys", passkeys ? "yes" : ""},
                    {"mail_codes", codes ? "yes" : ""},
                    {"other_ways", passkeys || codes ? "yes" : ""},
                    {"sign_up", open ? "yes" : ""},
                    {"on_the_way", api::on_the_way(request, "")}});
}

Task<Result<http::Response>> get_sign_in(const api::Api& api, http::Request& request) {
  const bool is_in = co_await api::has_signed_in(api, request);
  if (is_in) co_return api::go_to(request, api::wanted_page(request));
  auto response = show_sign_in(api, request, web::Form(sign_in_page));
  api::forget_steps(request, response);
  co_return response;
}

Task<Result<http::Response>> post_sign_in(const api::Api& api, http::Request& request) {
  web::Form form(sign_in_page);
  form.keep_sent(request);
  auto sent = api::decode<SignInForm>(request);
  if (sent.has_error()) co_return show_sign_in(api, request, form.refuse(sent.error()));
  LoginInput input{.email = std::move(sent->username), .password = std::move(sent->password)};
  flow::Origin origin = api::origin_of(request);
  const auto session = co_await log_in(api.services, std::move(origin), std::move(input));
  if (session.has_value()) co_return api::welcome(api, request, *session);
  if (auto step = api::ask_for_step(request, session.error())) co_return std::move(*step);
  const bool is_about_field = session.error().code == ErrorCode::invalid_credentials;
  co_return show_sign_in(
      api, request,
      is_about_field ? form.refuse_at("username", session.error()) : form.refuse(session.error()));
}

constexpr web::PageFile page_list[] = {sign_in_page};
constexpr api::Endpoint rows[] = {
    api::page_row("/sign-in", "Where people sign in", api::any_browser, "login", get_sign_in),
    api::form_row("/sign-in", "Sign in with address and password", api::any_browser, "login", post_sign_in,
                  api::rates::sign_in),
};

}  // namespace

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = rows;

}  // namespace latchkey::features::password
