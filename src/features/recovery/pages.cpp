#include "features/recovery/pages.h"

#include "api/access.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "features/recovery/ask.h"
#include "features/recovery/reset.h"
#include "http/language.h"
#include "web/pages.h"

namespace latchkey::features::recovery {

Task<Result<http::Response>> get_new_password(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  auto address = co_await find_address_of_link(api.services, std::move(origin), std::move(token));
  if (address.has_error()) co_return address.error();
  web::Form form(new_password_page);
  form.keep("username", std::move(*address));
  co_return api.pages.render(request, form);
}

Task<Result<http::Response>> post_new_password(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  auto address = co_await find_address_of_link(api.services, origin, token);
  if (address.has_error()) co_return address.error();
  auto sent = api::decode<NewPasswordForm>(request);
  Result<> done = sent.has_error() ? Result<>(sent.error()) : Result<>();
  if (sent.has_value()) {
    Means means = ByLink{std::move(token)};
    done = co_await reset_password(api.services, std::move(origin), std::move(means),
                                   std::move(sent->password), http::preferred_language(request));
  }
  if (done.has_value()) co_return api.pages.render(request, password_changed_page);
  if (done.error().code != ErrorCode::validation_failed) co_return done.error();
  web::Form form(new_password_page);
  form.keep("username", std::move(*address));
  form.refuse(done.error());
  co_return api.pages.render(request, form);
}

namespace {

Task<Result<http::Response>> get_forgotten(const api::Api& api, http::Request& request) {
  co_return api::show(api, request, web::Form(forgotten_page));
}

/// What every address gets to read, after the same work.
Task<Result<http::Response>> post_forgotten_form(const api::Api& api, http::Request& request) {
  web::Form form(forgotten_page);
  form.keep_sent(request);
  const auto sent = api::decode<ForgottenForm>(request);
  if (sent.has_error()) co_return api::show(api, request, form.refuse(sent.error()));
  flow::Origin origin = api::origin_of(request);
  const auto handle = co_await ask_for_reset(api.services, std::move(origin), sent->email,
                                             api.pages.language_of(request).tag());
  if (handle.has_error()) co_return api::show(api, request, form.refuse(handle.error()));
  co_return api::show(api, request, asked_page, {{"address", sent->email}});
}

constexpr api::Endpoint page_rows[] = {
    api::page_row("/password/forgotten", "Where people ask for a mail that sets a new password",
                  api::any_browser, "recovery", get_forgotten),
    api::form_row("/password/forgotten", "Ask for a mail that sets a new password", api::any_browser,
                  "recovery", post_forgotten_form, api::rates::mail_requests),
};

}  // namespace

constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::recovery
