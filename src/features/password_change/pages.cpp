#include "features/password_change/pages.h"

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "base/field_errors.h"
#include "features/password_change/change.h"
#include "features/password_change/choose.h"
#include "flow/signin/open_step.h"
#include "store/factors.h"

namespace latchkey::features::password_change {
namespace {

constexpr web::Field address_field{.name = "username",
                                   .id = "email",
                                   .label = "@field.email",
                                   .kind = web::FieldKind::email,
                                   .autocomplete = "username",
                                   .access = web::Access::read_only};
constexpr web::Field new_password_field{.name = "password",
                                        .id = "new-password",
                                        .label = "@field.new_password",
                                        .hint = "@hint.new_password",
                                        .kind = web::FieldKind::password,
                                        .autocomplete = "new-password"};
constexpr web::Field change_fields[] = {
    address_field,
    {.name = "current_password",
     .id = "current-password",
     .label = "@field.current_password",
     .kind = web::FieldKind::password,
     .autocomplete = "current-password"},
    new_password_field,
};
constexpr web::Field choose_fields[] = {address_field, new_password_field};
constexpr web::PageFile change_page{.file = "password_change/change.html",
                                    .title = "@password.title",
                                    .variables = {"has_password"},
                                    .fields = change_fields,
                                    .layout = "account.html",
                                    .section = "security"};
constexpr web::PageFile choose_page{
    .file = "password_change/choose.html", .title = "@choose_password.title", .fields = choose_fields};

struct ChangeForm {
  std::optional<Secret> current_password;
  Secret password;
  std::optional<bool> end_sessions;
};
constexpr auto describe(const ChangeForm*) {
  return api::object("ChangeForm", api::member("current_password", &ChangeForm::current_password),
                     api::member("password", &ChangeForm::password),
                     api::member("end_sessions", &ChangeForm::end_sessions));
}
struct ChooseForm {
  Secret password;
};
constexpr auto describe(const ChooseForm*) {
  return api::object("ChooseForm", api::member("password", &ChooseForm::password));
}

Task<bool> has_password(const api::Api& api, UserId user) {
  const auto account = co_await api.services.database.run(store::users::find_credentials_by_id, user);
  co_return account.has_value() && !store::factors::without_mark(account->password_hash).empty();
}

Task<http::Response> show_change(const api::Api& api, const http::Request& request, web::Form form) {
  const auto& user = api::caller_of(request).user;
  form.keep("username", std::string(std::string_view(user.email)));
  const bool asks_current = co_await has_password(api, user.id);
  co_return api::show(api, request, form, {{"has_password", asks_current ? "yes" : ""}});
}

Task<Result<http::Response>> get_change(const api::Api& api, http::Request& request) {
  co_return co_await show_change(api, request, web::Form(change_page));
}

/// Asks for the current password where there is one. An account without needs a recent proof.
Task<Result<http::Response>> post_change(const api::Api& api, http::Request& request) {
  web::Form form(change_page);
  auto sent = api::decode<ChangeForm>(request);
  if (sent.has_error()) co_return co_await show_change(api, request, form.refuse(sent.error()));
  const bool needs_current = co_await has_password(api, api::caller_of(request).user.id);
  if (needs_current && !sent->current_password.has_value()) {
    const Error missing = invalid_field("body", "current_password", "missing", "Field required");
    co_return co_await show_change(api, request, form.refuse(missing));
  }
  Change change{.current = std::move(sent->current_password),
                .password = std::move(sent->password),
                .others = sent->end_sessions.value_or(false) ? OtherSessions::end : OtherSessions::keep,
                .language = api.pages.language_of(request).tag()};
  flow::Origin origin = api::origin_of(request);
  flow::sessions::Caller caller = api::caller_of(request);
  const auto done =
      co_await change_password(api.services, std::move(origin), std::move(caller), std::move(change));
  if (done.has_value()) co_return api::go_to(request, "account/security?note=password_changed");
  if (done.error().code == ErrorCode::recent_sign_in_required ||
      done.error().code == ErrorCode::invalid_token)
    co_return done.error();
  const bool is_about_current = done.error().code == ErrorCode::invalid_credentials;
  co_return co_await show_change(
      api, request,
      is_about_current ? form.refuse_at("current_password", done.error()) : form.refuse(done.error()));
}

Task<http::Response> show_choose(const api::Api& api, const http::Request& request, web::Form form) {
  flow::Origin origin = api::origin_of(request);
  const auto open =
      co_await flow::signin::read_open_step(api.services, std::move(origin), api::login_token_of(request));
  if (open.has_error() || open->kind != flow::signin::Step::Kind::new_password)
    co_return api::go_to(request, api::on_the_way(request, "sign-in"));
  form.keep("username", open->email);
  co_return api::show(api, request, form);
}

Task<Result<http::Response>> get_choose(const api::Api& api, http::Request& request) {
  co_return co_await show_choose(api, request, web::Form(choose_page));
}

Task<Result<http::Response>> post_choose(const api::Api& api, http::Request& request) {
  web::Form form(choose_page);
  auto sent = api::decode<ChooseForm>(request);
  if (sent.has_error()) co_return co_await show_choose(api, request, form.refuse(sent.error()));
  flow::Origin origin = api::origin_of(request);
  const auto session =
      co_await choose_password(api.services, std::move(origin), api::login_token_of(request),
                               std::move(sent->password), api.pages.language_of(request).tag());
  if (session.has_value()) co_return api::welcome(api, request, *session);
  if (auto step = api::ask_for_step(request, session.error())) co_return std::move(*step);
  co_return co_await show_choose(api, request, form.refuse(session.error()));
}

/// Where password managers look for it (W3C, "A Well-Known URL for Changing Passwords").
Task<Result<http::Response>> get_well_known(const api::Api&, http::Request& request) {
  co_return api::go_to(request, "account/password");
}

constexpr web::PageFile page_list[] = {change_page, choose_page};
constexpr api::Endpoint page_rows[] = {
    api::page_row("/.well-known/change-password", "Leads to where the owner changes the password",
                  api::anyone, "well_known", get_well_known),
    api::page_row("/account/password", "Where the owner changes the password", api::signed_in_browser,
                  "password_change", get_change),
    api::form_row("/account/password", "Change the password", api::signed_in_browser, "password_change",
                  post_change, api::rates::sign_in),
    api::page_row("/sign-in/new-password", "Where a sign-in asks for a new password", api::any_browser,
                  "login", get_choose),
    api::form_row("/sign-in/new-password", "Go on with a sign-in that needs a new password", api::any_browser,
                  "login", post_choose, api::rates::sign_in),
};

}  // namespace

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::password_change
