#include "api/context.h"

#include <stdexcept>

#include "base/unicode.h"
#include "http/form.h"

namespace latchkey::api {
namespace {

constexpr std::size_t max_user_agent = 256;

/// A user agent as it may be kept and shown: one line of valid UTF-8.
std::string printable_user_agent(std::string_view text) {
  text = text.substr(0, max_user_agent);
  while (!text.empty() && !is_valid_utf8(text)) text.remove_suffix(1);
  return has_control_characters(text) ? std::string() : std::string(text);
}

}  // namespace

flow::Origin origin_of(const http::Request& request) {
  const auto* caller = request.caller.get<flow::sessions::Caller>();
  return {.now = request.now,
          .address = std::string(request.address),
          .user_agent = printable_user_agent(request.header("User-Agent").value_or("")),
          .request_id = std::string(request.request_id),
          .actor = caller != nullptr ? to_string(caller->user.subject) : std::string()};
}

const flow::sessions::Caller& caller_of(const http::Request& request) {
  const auto* caller = request.caller.get<flow::sessions::Caller>();
  if (caller == nullptr) throw std::logic_error("a route without access level asked for its caller");
  return *caller;
}

Result<> refuse_in_query(const http::Request& request, std::span<const std::string_view> names) {
  if (request.query.empty()) return {};
  const auto query = http::parse_query(request);
  if (query.has_error()) return query.error();
  for (const auto name : names) {
    if (query->count(name) != 0) {
      return Error(ErrorCode::repeated_parameter, std::string(name) + " belongs into the body only");
    }
  }
  return {};
}

}  // namespace latchkey::api
