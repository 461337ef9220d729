#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/token_response.h"
#include "features/confirmation/confirm.h"
#include "features/confirmation/feature.h"
#include "features/confirmation/request_email.h"
#include "flow/accounts/unconfirmed.h"
#include "http/media_type.h"
#include "http/respond.h"
#include "web/pages.h"

namespace latchkey::features::confirmation {
namespace {

using enum ErrorCode;

struct RequestEmail {
  std::string email;
};
constexpr auto describe(const RequestEmail*) {
  return api::object("RequestEmail", api::member("email", &RequestEmail::email,
                                                 {.meaning = "The address that is to be confirmed",
                                                  .format = "email",
                                                  .example = "user@example.com",
                                                  .shown_longest = 254}));
}

constexpr std::string_view already_confirmed = "Your email is already confirmed";

http::Response page_response(int status, web::Page page) {
  return http::html_response(status, std::move(page.body), page.content_security_policy);
}

/// What the answer is read by.
enum class Reader : std::uint8_t { person, program };

Reader reader_of(const http::Request& request) {
  return http::prefers_html(request) ? Reader::person : Reader::program;
}

/// A denial as a page, for people, or as the problem document that every denial is.
Result<http::Response> refuse(const Error& error, Reader reader) {
  if (reader == Reader::program) return error;
  if (error.code == invalid_confirmation) {
    return page_response(describe(error.code).status, web::render_bad_link_page());
  }
  const auto& info = describe(error.code);
  return page_response(info.status, web::render_error_page(http::reason_phrase(info.status), info.detail));
}

Task<Result<http::Response>> post_confirmed_email(const api::Api& api, http::Request& request) {
  const Reader reader = reader_of(request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto confirmed = co_await confirm_email(api.services, std::move(origin), std::move(token));
  if (confirmed.has_error()) co_return refuse(confirmed.error(), reader);
  const bool now = *confirmed == Confirmed::now;
  if (reader == Reader::person)
    co_return page_response(200, now ? web::render_confirmed_page() : web::render_already_confirmed_page());
  co_return http::message_response(200, now ? "Email confirmed" : already_confirmed);
}

Task<Result<http::Response>> get_confirmed_email(const api::Api& api, http::Request& request) {
  if (reader_of(request) == Reader::program) co_return co_await post_confirmed_email(api, request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto contact = co_await look_at_confirmation(api.services, std::move(origin), token);
  if (contact.has_error()) co_return refuse(contact.error(), Reader::person);
  if (contact->confirmed) co_return page_response(200, web::render_already_confirmed_page());
  // Relative: the public URL may have a path of its own, which a proxy in front takes off.
  co_return page_response(200, web::render_confirm_page(contact->username, "../rejected_email/" + token));
}

Task<Result<http::Response>> get_rejected_email(const api::Api& api, http::Request& request) {
  const Reader reader = reader_of(request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto contact = co_await look_at_confirmation(api.services, std::move(origin), std::move(token));
  if (contact.has_error()) co_return refuse(contact.error(), reader);
  if (contact->confirmed) co_return refuse(Error(invalid_confirmation), reader);
  if (reader == Reader::person) co_return page_response(200, web::render_reject_page(contact->username));
  co_return http::message_response(200, "POST here to remove the account");
}

Task<Result<http::Response>> post_rejected_email(const api::Api& api, http::Request& request) {
  const Reader reader = reader_of(request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto removed = co_await reject_email(api.services, std::move(origin), std::move(token));
  if (removed.has_error()) co_return refuse(removed.error(), reader);
  if (reader == Reader::person) co_return page_response(200, web::render_removed_page());
  co_return http::message_response(200, "Account removed");
}

Task<Result<http::Response>> post_request_email(const api::Api& api, http::Request& request) {
  auto body = api::decode<RequestEmail>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  const auto result = co_await request_email(api.services, std::move(origin), std::move(body->email));
  if (result.has_error()) co_return result.error();
  const bool confirmed = *result == EmailRequest::already_confirmed;
  co_return http::message_response(200,
                                   confirmed ? already_confirmed : "Check your email for confirmation link");
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::get,
        .path = "/api/auth/confirmed_email/{token}",
        .tag = "confirmation",
        .summary = "Confirm the address; browsers get a page with a button",
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_confirmation},
        .errors = http::ErrorStyle::field_list,
        .counter = metrics::Route::confirmation,
        .handler = get_confirmed_email,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/confirmed_email/{token}",
        .tag = "confirmation",
        .summary = "Confirm the address",
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_confirmation},
        .errors = http::ErrorStyle::field_list,
        .counter = metrics::Route::confirmation,
        .handler = post_confirmed_email,
    },
    {
        .method = http::Method::get,
        .path = "/api/auth/rejected_email/{token}",
        .tag = "confirmation",
        .summary = "\"This was not me\": a page with a button, changes nothing",
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_confirmation},
        .errors = http::ErrorStyle::field_list,
        .head = http::Head::allowed,
        .counter = metrics::Route::confirmation,
        .handler = get_rejected_email,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/rejected_email/{token}",
        .tag = "confirmation",
        .summary = "\"This was not me\": remove the unconfirmed account",
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_confirmation},
        .errors = http::ErrorStyle::field_list,
        .counter = metrics::Route::confirmation,
        .handler = post_rejected_email,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/request_email",
        .tag = "confirmation",
        .summary = "Ask for another confirmation mail",
        .body = api::takes<RequestEmail>(),
        .answer = api::gives<api::MessageResponse>(),
        .refusals = {malformed_json, validation_failed},
        .errors = http::ErrorStyle::field_list,
        .counter = metrics::Route::request_email,
        .handler = post_request_email,
    },
};

/// Accounts that nobody confirmed in time.
flow::Swept sweep_unconfirmed(flow::Services& services, const flow::Origin& origin, std::string_view,
                              std::int64_t most) {
  const auto work = [&](db::Tx& tx) {
    return flow::accounts::remove_lapsed(tx, services.settings, origin, most);
  };
  return flow::swept_some(services.database.write_now(work), most);
}

constexpr flow::Sweep sweeps[] = {{.name = "unconfirmed", .step = sweep_unconfirmed}};

}  // namespace

const api::Feature feature{.name = "confirmation", .endpoints = endpoints, .sweeps = sweeps};

}  // namespace latchkey::features::confirmation
