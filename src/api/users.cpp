#include "api/users.h"

#include <array>
#include <charconv>

#include "api/context.h"
#include "api/json_codec.h"
#include "api/schemas.h"
#include "base/unicode.h"
#include "flow/block_user.h"
#include "flow/own_sessions.h"
#include "http/form.h"
#include "http/respond.h"

namespace latchkey::api {
namespace {

std::optional<bool> parse_truth(std::string_view text) {
  const std::string lower = to_lower_ascii(text);
  for (const std::string_view yes : {"true", "1", "yes", "on"}) {
    if (lower == yes) return true;
  }
  for (const std::string_view no : {"false", "0", "no", "off"}) {
    if (lower == no) return false;
  }
  return std::nullopt;
}

Result<UserId> parse_user_id(std::string_view text) {
  UserId id;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) {
    return invalid_field({"path", "user_id"}, "int_parsing", "Input should be a valid integer");
  }
  return id;
}

/// `is_active` from the query or from the JSON body, not from both.
Result<bool> read_is_active(const http::Request& request) {
  const auto query = http::parse_query(request);
  if (query.has_error()) return query.error();
  const auto given = query->single("is_active");
  if (given.has_error()) return given.error();
  if (!given->has_value()) {
    if (request.body.empty()) {
      return invalid_field({"body", "is_active"}, "missing", "Field required");
    }
    const auto body = decode_json<AccessRequest>(request.body);
    if (body.has_error()) return body.error();
    return body->is_active;
  }
  if (!request.body.empty()) {
    const auto parsed = parse_json(request.body);
    if (parsed.has_error()) return parsed.error();
    const auto* object = parsed->if_object();
    if (object != nullptr && object->contains("is_active")) {
      return Error(ErrorCode::repeated_parameter, "is_active is given in the query and in the body");
    }
  }
  const auto truth = parse_truth(**given);
  if (!truth.has_value()) {
    return invalid_field({"query", "is_active"}, "bool_parsing", "Input should be a valid boolean");
  }
  return *truth;
}

}  // namespace

Task<Result<http::Response>> get_me(flow::Services&, http::Request& request) {
  co_return http::json_response(200, to_json(user_response(caller_of(request).user)));
}

Task<Result<http::Response>> list_sessions(flow::Services& services, http::Request& request) {
  const auto& caller = caller_of(request);
  flow::Origin origin = origin_of(request);
  const auto listed = co_await flow::list_own_sessions(services, std::move(origin), caller.user.id);
  std::vector<SessionResponse> sessions;
  sessions.reserve(listed.size());
  for (const auto& session : listed) sessions.push_back(session_response(session, caller.session));
  co_return http::json_response(200, to_json(sessions));
}

Task<Result<http::Response>> delete_session(flow::Services& services, http::Request& request) {
  const auto session = parse_id<SessionId>(request.parameter("id"));
  if (!session.has_value()) co_return Error(ErrorCode::session_not_found);
  flow::Origin origin = origin_of(request);
  const auto ended =
      co_await flow::end_own_session(services, std::move(origin), caller_of(request).user.id, *session);
  if (ended.has_error()) co_return ended.error();
  co_return http::empty_response();
}

Task<Result<http::Response>> log_out_all(flow::Services& services, http::Request& request) {
  flow::Origin origin = origin_of(request);
  co_await flow::log_out_everywhere(services, std::move(origin), caller_of(request).user.id);
  co_return http::message_response(200, "Logged out of all sessions");
}

Task<Result<http::Response>> block_user(flow::Services& services, http::Request& request) {
  const auto id = parse_user_id(request.parameter("user_id"));
  if (id.has_error()) co_return id.error();
  const auto is_active = read_is_active(request);
  if (is_active.has_error()) co_return is_active.error();
  flow::Origin origin = origin_of(request);
  const auto access = *is_active ? flow::accounts::Access::allowed : flow::accounts::Access::blocked;
  const auto user = co_await flow::block_user(services, std::move(origin), *id, access);
  if (user.has_error()) co_return user.error();
  const AccessResponse body{.message = "User status updated successfully", .user = user_response(*user)};
  co_return http::json_response(200, to_json(body));
}

}  // namespace latchkey::api
