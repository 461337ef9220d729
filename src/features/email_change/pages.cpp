#include "features/email_change/pages.h"

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "features/email_change/ask.h"

namespace latchkey::features::email_change {
namespace {

struct AskForm {
  std::string email;
  std::optional<bool> end_sessions;
};
constexpr auto describe(const AskForm*) {
  return api::object("AskEmailForm", api::member("email", &AskForm::email),
                     api::member("end_sessions", &AskForm::end_sessions));
}

http::Response show_ask(const api::Api& api, const http::Request& request, const web::Form& form) {
  return api::show(api, request, form, {{"current", std::string_view(api::caller_of(request).user.email)}});
}

Task<Result<http::Response>> get_ask(const api::Api& api, http::Request& request) {
  co_return show_ask(api, request, web::Form(ask_page));
}

Task<Result<http::Response>> post_ask(const api::Api& api, http::Request& request) {
  web::Form form(ask_page);
  form.keep_sent(request);
  const auto sent = api::decode<AskForm>(request);
  if (sent.has_error()) co_return show_ask(api, request, form.refuse(sent.error()));
  Ask ask{.email = sent->email,
          .keep_sessions = !sent->end_sessions.value_or(false),
          .language = api.pages.language_of(request).tag()};
  flow::Origin origin = api::origin_of(request);
  flow::sessions::Caller caller = api::caller_of(request);
  const auto handle =
      co_await ask_for_change(api.services, std::move(origin), std::move(caller), std::move(ask));
  if (handle.has_error()) co_return show_ask(api, request, form.refuse(handle.error()));
  co_return api::show(api, request, asked_page, {{"address", sent->email}});
}

constexpr api::Endpoint page_rows[] = {
    api::page_row("/account/email", "Where the owner asks for another address", api::recent_browser,
                  "email_change", get_ask),
    api::form_row("/account/email", "Ask for another address", api::recent_browser, "email_change", post_ask,
                  api::rates::mail_requests),
};

}  // namespace

constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::email_change
