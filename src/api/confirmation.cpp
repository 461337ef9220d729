#include "api/confirmation.h"

#include <array>

#include "api/context.h"
#include "api/json_codec.h"
#include "api/pages.h"
#include "api/schemas.h"
#include "flow/confirm.h"
#include "flow/request_email.h"
#include "http/media_type.h"
#include "http/path.h"
#include "http/respond.h"

namespace latchkey::api {
namespace {

constexpr std::string_view already_confirmed = "Your email is already confirmed";

http::Response page_response(int status, Page page) {
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
  if (error.code == ErrorCode::invalid_confirmation) {
    return page_response(describe(error.code).status, render_bad_link_page());
  }
  const auto& info = describe(error.code);
  return page_response(info.status, render_error_page(http::reason_phrase(info.status), info.detail));
}

/// From the page of a confirmation link to the way out. Relative: the public URL may have a path of its own,
/// which a proxy in front takes off.
std::string reject_link(const http::Request& request, std::string_view token) {
  std::string link = http::climb(request.target, 1);
  return link.append("rejected_email/").append(token);
}

}  // namespace

Task<Result<http::Response>> get_confirmed_email(flow::Services& services, http::Request& request) {
  if (reader_of(request) == Reader::program) co_return co_await post_confirmed_email(services, request);
  flow::Origin origin = origin_of(request);
  std::string token(request.parameter("token"));
  const auto contact = co_await flow::look_at_confirmation(services, std::move(origin), token);
  if (contact.has_error()) co_return refuse(contact.error(), Reader::person);
  if (contact->confirmed) co_return page_response(200, render_already_confirmed_page());
  co_return page_response(200, render_confirm_page(contact->username, reject_link(request, token)));
}

Task<Result<http::Response>> post_confirmed_email(flow::Services& services, http::Request& request) {
  const Reader reader = reader_of(request);
  flow::Origin origin = origin_of(request);
  std::string token(request.parameter("token"));
  const auto confirmed = co_await flow::confirm_email(services, std::move(origin), std::move(token));
  if (confirmed.has_error()) co_return refuse(confirmed.error(), reader);
  const bool now = *confirmed == flow::Confirmed::now;
  if (reader == Reader::person)
    co_return page_response(200, now ? render_confirmed_page() : render_already_confirmed_page());
  co_return http::message_response(200, now ? "Email confirmed" : already_confirmed);
}

Task<Result<http::Response>> get_rejected_email(flow::Services& services, http::Request& request) {
  const Reader reader = reader_of(request);
  flow::Origin origin = origin_of(request);
  std::string token(request.parameter("token"));
  const auto contact = co_await flow::look_at_confirmation(services, std::move(origin), std::move(token));
  if (contact.has_error()) co_return refuse(contact.error(), reader);
  if (contact->confirmed) co_return refuse(ErrorCode::invalid_confirmation, reader);
  if (reader == Reader::person) co_return page_response(200, render_reject_page(contact->username));
  co_return http::message_response(200, "POST here to remove the account");
}

Task<Result<http::Response>> post_rejected_email(flow::Services& services, http::Request& request) {
  const Reader reader = reader_of(request);
  flow::Origin origin = origin_of(request);
  std::string token(request.parameter("token"));
  const auto removed = co_await flow::reject_email(services, std::move(origin), std::move(token));
  if (removed.has_error()) co_return refuse(removed.error(), reader);
  if (reader == Reader::person) co_return page_response(200, render_removed_page());
  co_return http::message_response(200, "Account removed");
}

Task<Result<http::Response>> request_email(flow::Services& services, http::Request& request) {
  constexpr std::array<std::string_view, 1> members{"email"};
  if (const auto once = refuse_in_query(request, members); once.has_error()) co_return once.error();
  auto body = decode_json<EmailRequest>(request.body);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = origin_of(request);
  const auto result = co_await flow::request_email(services, std::move(origin), std::move(body->email));
  if (result.has_error()) co_return result.error();
  const bool confirmed = *result == flow::EmailRequest::already_confirmed;
  co_return http::message_response(200, confirmed ? already_confirmed : "Check your email for confirmation.");
}

}  // namespace latchkey::api
