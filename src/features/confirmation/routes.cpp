#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/token_response.h"
#include "features/confirmation/confirm.h"
#include "features/confirmation/feature.h"
#include "features/confirmation/pages.h"
#include "features/confirmation/request_email.h"
#include "http/language.h"
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
                                                 {.meaning = "The address to confirm",
                                                  .format = "email",
                                                  .example = "user@example.com",
                                                  .shown_longest = 254}));
}

constexpr std::string_view already_confirmed = "Your email is already confirmed";

/// What the answer is read by.
enum class Reader : std::uint8_t { person, program };

Reader reader_of(const http::Request& request) {
  return http::prefers_html(request) ? Reader::person : Reader::program;
}

Task<Result<http::Response>> post_confirmed_email(const api::Api& api, http::Request& request) {
  const Reader reader = reader_of(request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto confirmed = co_await confirm_email(api.services, std::move(origin), std::move(token));
  if (confirmed.has_error()) co_return confirmed.error();
  const bool now = *confirmed == Confirmed::now;
  if (reader == Reader::person)
    co_return api.pages.render(request, now ? confirmed_page : already_confirmed_page);
  co_return http::message_response(200, now ? "Email confirmed" : already_confirmed);
}

Task<Result<http::Response>> get_confirmed_email(const api::Api& api, http::Request& request) {
  if (reader_of(request) == Reader::program) co_return co_await post_confirmed_email(api, request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto contact = co_await look_at_confirmation(api.services, std::move(origin), token);
  if (contact.has_error()) co_return contact.error();
  if (contact->is_proved) co_return api.pages.render(request, already_confirmed_page);
  const std::string reject_path = "api/auth/rejected_email/" + token;
  co_return api.pages.render(request, confirm_page,
                             {{"username", contact->username}, {"reject_path", reject_path}});
}

Task<Result<http::Response>> get_rejected_email(const api::Api& api, http::Request& request) {
  const Reader reader = reader_of(request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto contact = co_await look_at_confirmation(api.services, std::move(origin), std::move(token));
  if (contact.has_error()) co_return contact.error();
  if (contact->is_proved) co_return Error(invalid_confirmation);
  if (reader == Reader::person)
    co_return api.pages.render(request, reject_page, {{"username", contact->username}});
  co_return http::message_response(200, "Send a POST to this address to remove the account");
}

Task<Result<http::Response>> post_rejected_email(const api::Api& api, http::Request& request) {
  const Reader reader = reader_of(request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto removed = co_await reject_email(api.services, std::move(origin), std::move(token));
  if (removed.has_error()) co_return removed.error();
  if (reader == Reader::person) co_return api.pages.render(request, removed_page);
  co_return http::message_response(200, "Account removed");
}

Task<Result<http::Response>> post_request_email(const api::Api& api, http::Request& request) {
  auto body = api::decode<RequestEmail>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  std::string language = http::preferred_language(request);
  const auto result =
      co_await request_email(api.services, std::move(origin), std::move(body->email), std::move(language));
  if (result.has_error()) co_return result.error();
  const bool confirmed = *result == EmailRequest::already_confirmed;
  co_return http::message_response(200, confirmed ? already_confirmed : "Check your email for confirmation.");
}

constexpr api::Endpoint rows[] = {
    {
        .method = http::Method::get,
        .path = "/api/auth/confirmed_email/{token}",
        .tag = "confirmation",
        .summary = "Confirm the address; browsers get a page with a button",
        .description =
            "A request that does not prefer HTML confirms the address. A browser gets a page whose "
            "button confirms it, so that a scanner that follows the links of mails confirms nothing.",
        .rate = api::rates::links,
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_confirmation},
        .errors = http::ErrorStyle::page_or_field_list,
        .counter = "confirmation",
        .handler = get_confirmed_email,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/confirmed_email/{token}",
        .tag = "confirmation",
        .summary = "Confirm the address",
        .rate = api::rates::links,
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_confirmation},
        .errors = http::ErrorStyle::page_or_field_list,
        .counter = "confirmation",
        .handler = post_confirmed_email,
    },
    {
        .method = http::Method::get,
        .path = "/api/auth/rejected_email/{token}",
        .tag = "confirmation",
        .summary = "\"This was not me\": shows a page with a button and changes nothing",
        .rate = api::rates::links,
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_confirmation},
        .errors = http::ErrorStyle::page_or_field_list,
        .head = http::Head::allowed,
        .counter = "confirmation",
        .handler = get_rejected_email,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/rejected_email/{token}",
        .tag = "confirmation",
        .summary = "\"This was not me\": remove the unconfirmed account",
        .rate = api::rates::links,
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_confirmation},
        .errors = http::ErrorStyle::page_or_field_list,
        .counter = "confirmation",
        .handler = post_rejected_email,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/request_email",
        .tag = "confirmation",
        .summary = "Ask for another confirmation mail",
        .description =
            "An address without an account is answered like one whose confirmation is missing. One "
            "address gets at most one mail in `limits.mail_interval`.",
        .rate = api::rates::mail_requests,
        .body = api::takes<RequestEmail>(),
        .answer = api::gives<api::MessageResponse>(),
        .refusals = {malformed_json, validation_failed},
        .errors = http::ErrorStyle::field_list,
        .counter = "request_email",
        .handler = post_request_email,
    },
};

}  // namespace

constinit const std::span<const api::Endpoint> endpoints = rows;

}  // namespace latchkey::features::confirmation
