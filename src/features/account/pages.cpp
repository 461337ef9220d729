#include "api/access.h"
#include "api/api.h"
#include "api/browser_access.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "base/bytes.h"
#include "features/account/feature.h"
#include "features/account/summary.h"
#include "flow/signin/relying_party.h"
#include "http/this_machine.h"
#include "settings/newcomer.h"
#include "store/users.h"

namespace latchkey::features::account {
namespace {

constexpr web::PageFile overview_page{
    .file = "account/overview.html",
    .title = "@account.title",
    .variables = {"email", "advice.text", "advice.act", "advice.path", "has_password", "passkeys", "has_totp",
                  "has_factor", "codes_left", "last_machine", "last_shown", "made_machine", "made_shown"},
    .layout = "account.html",
    .script = "latchkey.js",
    .section = "overview"};
constexpr web::PageFile security_page{
    .file = "account/security.html",
    .title = "@security.title",
    .variables = {"email", "few_codes", "can_have_passkeys", "passkeys.id", "passkeys.name",
                  "passkeys.made_machine", "passkeys.made_shown", "passkeys.used_machine",
                  "passkeys.used_shown", "has_factor", "totp_machine", "totp_shown", "codes_left",
                  "has_password"},
    .layout = "account.html",
    .script = "latchkey.js",
    .section = "security"};

constexpr std::string_view flag(bool is_set) { return is_set ? "yes" : ""; }

/// What the owner had better do, and where.
std::vector<TemplateValues> advice_of(const Summary& summary, const web::Language& language) {
  std::vector<TemplateValues> advice;
  const auto add = [&](std::string_view text, std::string_view act, std::string_view path) {
    advice.push_back({{"text", language.find(text)}, {"act", language.find(act)}, {"path", path}});
  };
  if (!summary.has_factor()) add("account.no_factor", "account.add_factor", "account/security");
  if (summary.has_few_codes()) add("account.few_codes", "account.make_codes", "account/recovery-codes");
  return advice;
}

/// Whether somebody tries Latchkey on this machine and has not made an account yet.
Task<bool> is_for_newcomer(const api::Api& api, const http::Request& request) {
  if (!settings::is_for_newcomers(api.services.settings) || !http::comes_from_this_machine(request))
    co_return false;
  const UserId none{};
  constexpr std::int64_t one = 1;
  const auto accounts = co_await api.services.database.run(store::users::list_ids, none, one);
  co_return accounts.empty();
}

Task<Result<http::Response>> get_root(const api::Api& api, http::Request& request) {
  const bool is_new = co_await is_for_newcomer(api, request);
  if (is_new) co_return api::go_to(request, "welcome");
  const bool is_in = co_await api::has_signed_in(api, request);
  co_return api::go_to(request, is_in ? "account" : "sign-in");
}

Task<Result<http::Response>> get_overview(const api::Api& api, http::Request& request) {
  const auto& user = api::caller_of(request).user;
  const auto summary = co_await summarize(api.services, user.id);
  TemplateValues values{{"email", std::string_view(user.email)},
                        {"has_password", flag(summary.has_password)},
                        {"passkeys", std::to_string(summary.passkeys.size())},
                        {"has_totp", flag(summary.totp.has_value())},
                        {"has_factor", flag(summary.has_factor())},
                        {"codes_left", std::to_string(summary.recovery_codes)},
                        {"made_machine", web::machine_time(user.created_at)},
                        {"made_shown", web::show_time(user.created_at)}};
  if (summary.last_sign_in_at > Timestamp{}) {
    values.set("last_machine", web::machine_time(summary.last_sign_in_at));
    values.set("last_shown", web::show_time(summary.last_sign_in_at));
  }
  values.set("advice", advice_of(summary, api.pages.language_of(request)));
  co_return api::show(api, request, overview_page, std::move(values));
}

Task<Result<http::Response>> get_security(const api::Api& api, http::Request& request) {
  const auto& user = api::caller_of(request).user;
  const auto summary = co_await summarize(api.services, user.id);
  TemplateValues values{{"email", std::string_view(user.email)},
                        {"few_codes", flag(summary.has_few_codes())},
                        {"can_have_passkeys", flag(flow::signin::relying_party(api.services).has_value())},
                        {"has_factor", flag(summary.has_factor())},
                        {"codes_left", std::to_string(summary.recovery_codes)},
                        {"has_password", flag(summary.has_password)}};
  if (summary.totp.has_value()) {
    values.set("totp_machine", web::machine_time(summary.totp->created_at));
    values.set("totp_shown", web::show_time(summary.totp->created_at));
  }
  std::vector<TemplateValues> passkeys;
  for (const auto& passkey : summary.passkeys) {
    passkeys.push_back({{"id", encode_base64url(passkey.id)},
                        {"name", passkey.name},
                        {"made_machine", web::machine_time(passkey.created_at)},
                        {"made_shown", web::show_time(passkey.created_at)},
                        {"used_machine", web::machine_time(passkey.last_used_at)},
                        {"used_shown", web::show_time(passkey.last_used_at)}});
  }
  values.set("passkeys", std::move(passkeys));
  co_return api::show(api, request, security_page, std::move(values));
}

constexpr web::PageFile page_list[] = {overview_page, security_page};
constexpr api::Endpoint page_rows[] = {
    api::page_row("/", "Leads to the account, to the sign-in, or to where newcomers begin", api::any_browser,
                  "account", get_root),
    api::page_row("/account", "What the owner sees of the account at once", api::signed_in_browser, "account",
                  get_overview),
    api::page_row("/account/security", "How the owner signs in", api::signed_in_browser, "account",
                  get_security),
};

}  // namespace

const api::Feature feature{.name = "account", .browser_endpoints = page_rows, .pages = page_list};

}  // namespace latchkey::features::account
