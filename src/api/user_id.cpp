#include "api/user_id.h"

#include <charconv>

#include "base/field_errors.h"

namespace latchkey::api {

Result<UserId> read_user_id(const http::Request& request) {
  const std::string_view text = request.parameter("user_id");
  UserId id;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty())
    return invalid_field("path", "user_id", "int_parsing", "Input should be a valid integer");
  return id;
}

}  // namespace latchkey::api
