#include "features/totp/pages.h"

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/passkey_assertion.h"
#include "api/show.h"
#include "features/totp/log_in.h"
#include "features/totp/set_up.h"
#include "flow/signin/open_step.h"
#include "web/qr_picture.h"

namespace latchkey::features::totp {
namespace {

constexpr std::string_view flag(bool is_set) { return is_set ? "yes" : ""; }

constexpr web::Field app_code{.name = "code",
                              .id = "code",
                              .label = "@field.app_code",
                              .hint = "@hint.app_code",
                              .kind = web::FieldKind::code,
                              .autocomplete = "one-time-code"};
constexpr web::Field factor_fields[] = {app_code};
constexpr web::Field set_up_fields[] = {
    app_code,
    {.name = "enrolment", .id = "enrolment", .label = "@field.code", .kind = web::FieldKind::hidden},
};
constexpr web::PageFile factor_page{
    .file = "totp/factor.html",
    .title = "@factor.title",
    .variables = {"has_totp", "has_recovery_codes", "passkey_options", "on_the_way"},
    .fields = factor_fields,
    .script = "latchkey.js"};
constexpr web::PageFile set_up_page{.file = "totp/set_up.html",
                                    .title = "@totp.title",
                                    .variables = {"secret", "qr_path", "qr_size"},
                                    .fields = set_up_fields,
                                    .layout = "account.html",
                                    .script = "latchkey.js",
                                    .section = "security"};
constexpr web::PageFile enabled_page{.file = "totp/enabled.html",
                                     .title = "@totp.enabled_title",
                                     .variables = {"codes.code"},
                                     .layout = "account.html",
                                     .script = "latchkey.js",
                                     .section = "security"};
constexpr web::PageFile remove_page{.file = "totp/remove.html",
                                    .title = "@totp.remove_title",
                                    .layout = "account.html",
                                    .section = "security"};

struct FactorForm {
  std::string code;
};
constexpr auto describe(const FactorForm*) {
  return api::object("FactorForm", api::member("code", &FactorForm::code, {.longest = 64}));
}
struct SetUpForm {
  std::string code;
  std::string enrolment;
  std::optional<bool> end_sessions;
};
constexpr auto describe(const SetUpForm*) {
  return api::object("SetUpForm", api::member("code", &SetUpForm::code, {.longest = 64}),
                     api::member("enrolment", &SetUpForm::enrolment, {.longest = 1024}),
                     api::member("end_sessions", &SetUpForm::end_sessions));
}

Own own_from_page(const http::Request& request) {
  const auto& caller = api::caller_of(request);
  return {.user = caller.user.id,
          .subject = caller.user.subject,
          .session = caller.session,
          .email = std::string(std::string_view(caller.user.email))};
}

/// The page that asks for a second factor, or the beginning of the sign-in where there is none under way.
Task<http::Response> show_factor(const api::Api& api, const http::Request& request, web::Form form) {
  flow::Origin origin = api::origin_of(request);
  const auto open =
      co_await flow::signin::read_open_step(api.services, std::move(origin), api::login_token_of(request));
  if (open.has_error() || open->kind != flow::signin::Step::Kind::second_factor)
    co_return api::go_to(request, api::on_the_way(request, "sign-in"));
  const auto options = api::passkey_options_of_account(
      api.services, request.now, flow::signin::Ceremony::sign_in, Subject{}, open->passkeys);
  co_return api::show(api, request, form,
                      {{"has_totp", flag(open->account.has_totp)},
                       {"has_recovery_codes", flag(open->account.has_recovery_codes)},
                       {"passkey_options", options.value_or("")},
                       {"on_the_way", api::on_the_way(request, "")}});
}

Task<Result<http::Response>> get_factor(const api::Api& api, http::Request& request) {
  co_return co_await show_factor(api, request, web::Form(factor_page));
}

Task<Result<http::Response>> post_factor(const api::Api& api, http::Request& request) {
  web::Form form(factor_page);
  auto sent = api::decode<FactorForm>(request);
  if (sent.has_error()) co_return co_await show_factor(api, request, form.refuse(sent.error()));
  flow::Origin origin = api::origin_of(request);
  const auto session =
      co_await log_in(api.services, std::move(origin), api::login_token_of(request), std::move(sent->code));
  if (session.has_value()) co_return api::welcome(api, request, *session);
  if (auto step = api::ask_for_step(request, session.error())) co_return std::move(*step);
  co_return co_await show_factor(api, request, form.refuse_at("code", session.error()));
}

http::Response show_set_up(const api::Api& api, const http::Request& request, web::Form& form,
                           const Begun& begun) {
  form.keep("enrolment", begun.enrolment);
  const auto picture = web::draw_qr(begun.uri.text());
  std::string groups;
  for (const char c : begun.secret.text()) {
    if (groups.size() % 5 == 4) groups += ' ';
    groups += c;
  }
  return api::show(
      api, request, form,
      {{"secret", groups}, {"qr_path", picture.path}, {"qr_size", std::to_string(picture.size)}});
}

Task<Result<http::Response>> get_set_up(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  Own own = own_from_page(request);
  const auto begun = co_await begin(api.services, std::move(origin), std::move(own));
  if (begun.has_error()) co_return begun.error();
  web::Form form(set_up_page);
  co_return show_set_up(api, request, form, *begun);
}

/// The form again, with the secret that the app has already; with another one, once that has expired.
Task<Result<http::Response>> show_set_up_again(const api::Api& api, const http::Request& request,
                                               std::string enrolment, Error refusal) {
  flow::Origin origin = api::origin_of(request);
  Own own = own_from_page(request);
  auto begun = look_at(api.services, origin, own, std::move(enrolment));
  if (!begun.has_value()) {
    auto anew = co_await begin(api.services, std::move(origin), std::move(own));
    if (anew.has_error()) co_return anew.error();
    begun = std::move(*anew);
  }
  web::Form form(set_up_page);
  form.refuse_at("code", refusal);
  co_return show_set_up(api, request, form, *begun);
}

Task<Result<http::Response>> post_set_up(const api::Api& api, http::Request& request) {
  auto sent = api::decode<SetUpForm>(request);
  if (sent.has_error()) co_return co_await show_set_up_again(api, request, "", sent.error());
  flow::Origin origin = api::origin_of(request);
  Own own = own_from_page(request);
  const auto others = sent->end_sessions.value_or(false) ? OtherSessions::end : OtherSessions::stay;
  const auto confirmed = co_await confirm(api.services, std::move(origin), std::move(own), sent->enrolment,
                                          std::move(sent->code), others);
  if (confirmed.has_error())
    co_return co_await show_set_up_again(api, request, std::move(sent->enrolment), confirmed.error());
  if (!confirmed->recovery_codes.has_value()) co_return api::go_to(request, "account/security?note=totp_on");
  std::vector<TemplateValues> codes;
  for (const std::string& code : *confirmed->recovery_codes) codes.push_back({{"code", code}});
  TemplateValues values;
  values.set("codes", std::move(codes));
  co_return api::show(api, request, enabled_page, std::move(values));
}

Task<Result<http::Response>> get_remove(const api::Api& api, http::Request& request) {
  co_return api::show(api, request, remove_page);
}

Task<Result<http::Response>> post_remove(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  Own own = own_from_page(request);
  const auto removed = co_await remove(api.services, std::move(origin), std::move(own), OtherSessions::stay);
  if (removed.has_error() && removed.error().code != ErrorCode::factor_not_found) co_return removed.error();
  co_return api::go_to(request, "account/security?note=totp_removed");
}

constexpr web::PageFile page_list[] = {factor_page, set_up_page, enabled_page, remove_page};
constexpr api::Endpoint page_rows[] = {
    api::page_row("/sign-in/factor", "Where a sign-in asks for a second factor", api::any_browser,
                  "login_totp", get_factor),
    api::form_row("/sign-in/factor", "Go on with a sign-in: the code of the authenticator app",
                  api::any_browser, "login_totp", post_factor, api::rates::sign_in),
    api::page_row("/account/totp", "Set up an authenticator app", api::recent_browser, "totp", get_set_up),
    api::form_row("/account/totp", "Confirm an authenticator app with its first code", api::recent_browser,
                  "totp", post_set_up),
    api::page_row("/account/totp/remove", "What removing the authenticator app means", api::recent_browser,
                  "totp", get_remove),
    api::form_row("/account/totp/remove", "Remove the authenticator app", api::recent_browser, "totp",
                  post_remove),
};

}  // namespace

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::totp
