#include "features/sudo/pages.h"

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/passkey_assertion.h"
#include "api/show.h"
#include "features/sudo/prove.h"
#include "store/factors.h"

namespace latchkey::features::sudo {
namespace {

constexpr web::Field sudo_fields[] = {
    {.name = "username",
     .id = "email",
     .label = "@field.email",
     .kind = web::FieldKind::email,
     .autocomplete = "username",
     .access = web::Access::read_only},
    {.name = "password",
     .id = "current-password",
     .label = "@field.password",
     .kind = web::FieldKind::password,
     .autocomplete = "current-password"},
    {.name = "totp",
     .id = "code",
     .label = "@field.app_code",
     .hint = "@hint.app_code",
     .kind = web::FieldKind::code,
     .autocomplete = "one-time-code"},
    {.name = "recovery_code",
     .id = "recovery-code",
     .label = "@field.recovery_code",
     .hint = "@hint.recovery_code",
     .kind = web::FieldKind::words},
};
constexpr web::PageFile sudo_page{
    .file = "sudo/sudo.html",
    .title = "@sudo.title",
    .variables = {"by_password", "by_totp", "by_recovery_code", "passkey_options", "open", "on_the_way"},
    .fields = sudo_fields};

struct SudoForm {
  std::optional<Secret> password;
  std::optional<std::string> totp;
  std::optional<Secret> recovery_code;
};
constexpr auto describe(const SudoForm*) {
  return api::object("SudoForm", api::member("password", &SudoForm::password),
                     api::member("totp", &SudoForm::totp, {.longest = 64}),
                     api::member("recovery_code", &SudoForm::recovery_code, {.longest = 256}));
}
struct PasskeyForm {
  std::string credential;
};
constexpr auto describe(const PasskeyForm*) {
  return api::object("SudoPasskeyForm",
                     api::member("credential", &PasskeyForm::credential, {.longest = 16384}));
}

Own own_from_page(const http::Request& request) {
  const auto& caller = api::caller_of(request);
  return {.subject = caller.user.subject, .session = caller.session};
}

/// Asks for what will do: a factor, where the account has one.
Task<http::Response> show_sudo(const api::Api& api, const http::Request& request, web::Form form,
                               std::string_view wrong = {}) {
  const auto& user = api::caller_of(request).user;
  const UserId id = user.id;
  const auto found = co_await api.services.database.run(store::factors::find_steps, id);
  const auto steps = found.value_or(store::factors::Steps{});
  const bool has_factor = steps.has_totp || steps.passkeys > 0;
  std::vector<store::passkeys::Passkey> passkeys;
  if (steps.passkeys > 0) passkeys = co_await api.services.database.run(store::passkeys::list_passkeys, id);
  const auto options = api::passkey_options_of_account(
      api.services, request.now, flow::signin::Ceremony::recent_proof, user.subject, passkeys);
  form.keep("username", std::string(std::string_view(user.email)));
  co_return api::show(api, request, form,
                      {{"by_password", has_factor ? "" : "yes"},
                       {"by_totp", steps.has_totp ? "yes" : ""},
                       {"by_recovery_code", has_factor && steps.recovery_codes > 0 ? "yes" : ""},
                       {"open", wrong == "recovery_code" ? "yes" : ""},
                       {"passkey_options", options.value_or("")},
                       {"on_the_way", api::on_the_way(request, "")}});
}

Task<Result<http::Response>> finish(const api::Api& api, const http::Request& request, Means means,
                                    std::string_view field) {
  flow::Origin origin = api::origin_of(request);
  const Own own = own_from_page(request);
  const auto proved = co_await prove(api.services, std::move(origin), own, std::move(means));
  if (proved.has_value()) co_return api::go_to(request, api::wanted_page(request));
  if (proved.error().code == ErrorCode::invalid_token) co_return proved.error();
  web::Form form(sudo_page);
  form.refuse_at(field, proved.error());
  co_return co_await show_sudo(api, request, form, field);
}

Task<Result<http::Response>> get_sudo(const api::Api& api, http::Request& request) {
  co_return co_await show_sudo(api, request, web::Form(sudo_page));
}

Task<Result<http::Response>> post_sudo_form(const api::Api& api, http::Request& request) {
  auto sent = api::decode<SudoForm>(request);
  if (sent.has_error()) {
    web::Form form(sudo_page);
    form.refuse(sent.error());
    co_return co_await show_sudo(api, request, form);
  }
  if (sent->totp.has_value()) {
    Means means = ByTotp{std::move(*sent->totp)};
    co_return co_await finish(api, request, std::move(means), "totp");
  }
  if (sent->recovery_code.has_value()) {
    Means means = ByRecoveryCode{std::move(*sent->recovery_code)};
    co_return co_await finish(api, request, std::move(means), "recovery_code");
  }
  Means means = ByPassword{sent->password.has_value() ? std::move(*sent->password) : Secret()};
  co_return co_await finish(api, request, std::move(means), "password");
}

Task<Result<http::Response>> post_passkey(const api::Api& api, http::Request& request) {
  const auto sent = api::decode<PasskeyForm>(request);
  if (sent.has_error()) co_return sent.error();
  auto assertion = api::read_assertion(sent->credential);
  if (assertion.has_error()) co_return assertion.error();
  Means means = std::move(*assertion);
  co_return co_await finish(api, request, std::move(means), "");
}

/// Without the answer of the script there is nothing here.
Task<Result<http::Response>> get_passkey(const api::Api&, http::Request& request) {
  co_return api::go_to(request, api::on_the_way(request, "sudo"));
}

constexpr web::PageFile page_list[] = {sudo_page};
constexpr api::Endpoint page_rows[] = {
    api::page_row("/sudo", "Where somebody who has signed in proves once more to be there",
                  api::signed_in_browser, "sudo", get_sudo),
    api::form_row("/sudo", "Prove once more to be there", api::signed_in_browser, "sudo", post_sudo_form,
                  api::rates::sign_in),
    api::page_row("/sudo/passkey", "Leads to /sudo", api::signed_in_browser, "sudo", get_passkey),
    api::form_row("/sudo/passkey", "Prove once more to be there, with a passkey", api::signed_in_browser,
                  "sudo", post_passkey, api::rates::sign_in),
};

}  // namespace

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::sudo
