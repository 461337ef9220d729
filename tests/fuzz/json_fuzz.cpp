// parse_json on arbitrary bytes: what it takes is valid UTF-8, no deeper than allowed, and reads back as the
// same value.
#include <boost/json/serialize.hpp>
#include <cstdlib>

#include "base/json.h"
#include "base/unicode.h"

namespace {

int depth_of(const boost::json::value& value) {
  int deepest = 0;
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) deepest = std::max(deepest, depth_of(member.value()));
    return deepest + 1;
  }
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) deepest = std::max(deepest, depth_of(element));
    return deepest + 1;
  }
  return 0;
}

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = latchkey::parse_json(text);
  if (!value) {
    require(value.error().code == latchkey::ErrorCode::malformed_json && !value.error().detail.empty());
    return 0;
  }
  require(latchkey::is_valid_utf8(text));
  require(depth_of(*value) <= latchkey::max_json_depth);
  const auto again = latchkey::parse_json(boost::json::serialize(*value));
  require(again.has_value());
  if (value->is_string()) {
    std::string written;
    latchkey::append_json_string(written, value->as_string());
    require(latchkey::parse_json(written) && *latchkey::parse_json(written) == *value);
  }
  return 0;
}
