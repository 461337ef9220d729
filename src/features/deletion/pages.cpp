#include "features/deletion/pages.h"

#include "api/access.h"
#include "api/api.h"
#include "api/browser_cookies.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "features/deletion/keep.h"
#include "features/deletion/schedule.h"
#include "http/cookie.h"

namespace latchkey::features::deletion {
namespace {

struct DeleteForm {
  std::string email;
};
constexpr auto describe(const DeleteForm*) {
  return api::object("DeleteForm", api::member("email", &DeleteForm::email));
}

http::Response show_delete(const api::Api& api, const http::Request& request, const web::Form& form) {
  const auto days =
      std::chrono::ceil<std::chrono::days>(api.services.settings.accounts.deletion_grace).count();
  return api::show(api, request, form, {{"days", days > 0 ? std::to_string(days) : std::string()}});
}

Task<Result<http::Response>> get_delete(const api::Api& api, http::Request& request) {
  co_return show_delete(api, request, web::Form(delete_page));
}

Task<Result<http::Response>> post_delete(const api::Api& api, http::Request& request) {
  web::Form form(delete_page);
  form.keep_sent(request);
  auto sent = api::decode<DeleteForm>(request);
  if (sent.has_error()) co_return show_delete(api, request, form.refuse(sent.error()));
  flow::Origin origin = api::origin_of(request);
  const auto asker = flow::sessions::asker_of(api::caller_of(request));
  const auto due = co_await schedule_deletion(api.services, std::move(origin), asker, std::move(sent->email),
                                              api.pages.language_of(request).tag());
  if (due.has_error()) co_return show_delete(api, request, form.refuse(due.error()));
  const std::string when = *due > request.now ? web::show_time(*due) : std::string();
  auto response = api.pages.render(request, scheduled_page, {{"due", when}});
  http::expire_cookie(response, api::session_cookie);
  co_return response;
}

/// Where no such sign-in is under way any more, it begins again.
Task<Result<http::Response>> get_keep_step(const api::Api& api, http::Request& request) {
  if (api::login_token_of(request).empty()) co_return api::go_to(request, "sign-in");
  co_return api::show(api, request, keep_step_page);
}

Task<Result<http::Response>> post_keep_step_page(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  const auto session = co_await keep_by_sign_in(api.services, std::move(origin), api::login_token_of(request),
                                                api.pages.language_of(request).tag());
  if (session.has_value()) co_return api::welcome(api, request, *session);
  if (auto step = api::ask_for_step(request, session.error())) co_return std::move(*step);
  web::Form form(keep_step_page);
  co_return api::show(api, request, form.refuse(session.error()));
}

constexpr api::Endpoint page_rows[] = {
    api::page_row("/account/delete", "What deleting the account means", api::recent_browser, "deletion",
                  get_delete),
    api::form_row("/account/delete", "Ask for the deletion of the account", api::recent_browser, "deletion",
                  post_delete),
    api::page_row("/sign-in/keep-account", "Where a sign-in asks whether the account stays", api::any_browser,
                  "login", get_keep_step),
    api::form_row("/sign-in/keep-account", "Go on with a sign-in: the account stays", api::any_browser,
                  "login", post_keep_step_page, api::rates::sign_in),
};

}  // namespace

constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::deletion
