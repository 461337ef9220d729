#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>

#include "base/eight_bytes.h"
#include "base/unicode.h"

namespace latchkey {
namespace {

namespace json = boost::json;
using boost::system::error_code;

/// Builds the value, and counts the members it was told of.
struct Builder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  // Most bodies fit here, so that building one allocates for the value only.
  unsigned char scratch[1024];
  json::value_stack stack{{}, scratch, sizeof scratch};
  std::size_t members = 0;

  bool on_document_begin(error_code&) {
    stack.reset();
    return true;
  }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t n, error_code& ec) {
    if (n > max_json_members) {
      ec = json::error::object_too_large;
      return false;
    }
    members += n;
    stack.push_object(n);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t n, error_code&) {
    stack.push_array(n);
    return true;
  }
  bool on_key_part(json::string_view s, std::size_t, error_code&) {
    stack.push_chars(s);
    return true;
  }
  bool on_key(json::string_view s, std::size_t, error_code&) {
    stack.push_key(s);
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, error_code&) {
    stack.push_chars(s);
    return true;
  }
  bool on_string(json::string_view s, std::size_t, error_code&) {
    stack.push_string(s);
    return true;
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, error_code&) {
    stack.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, error_code&) {
    stack.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view, error_code& ec) {
    if (!std::isfinite(number)) {
      ec = json::error::exponent_overflow;
      return false;
    }
    stack.push_double(number);
    return true;
  }
  bool on_bool(bool truth, error_code&) {
    stack.push_bool(truth);
    return true;
  }
  bool on_null(error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

/// The members of all objects inside; recursion is bounded by max_json_depth.
std::size_t count_members(const json::value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& element : *array) count += count_members(element);
  }
  return count;
}

bool stands_for_itself(unsigned char byte) {
  return byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f;
}

/// How many bytes at the front of a text need no escape.
std::size_t plain_size(std::string_view text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    const EightBytes eight(text.data() + at);
    if (eight.has_below(0x20) || eight.has('"') || eight.has('\\') || eight.has(0x7f)) break;
  }
  while (at < text.size() && stands_for_itself(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

Error refuse_json(const char* sentence) { return {ErrorCode::malformed_json, sentence}; }

Error refuse_json(const error_code& ec) {
  using enum json::error;
  if (ec == incomplete) return refuse_json("The JSON text is incomplete");
  if (ec == object_too_large) return refuse_json("The JSON text holds an object with too many members");
  if (ec == too_deep) return refuse_json("The JSON text is nested too deeply");
  if (ec == exponent_overflow) return refuse_json("The JSON text holds a number that is too large");
  if (ec == illegal_leading_surrogate || ec == illegal_trailing_surrogate || ec == expected_utf16_escape) {
    return refuse_json("The JSON text holds half of a surrogate pair");
  }
  return refuse_json("The text is not valid JSON");
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  if (text.empty()) return refuse_json("The JSON text is empty");
  if (text.starts_with("\xEF\xBB\xBF")) return refuse_json("The JSON text begins with a byte order mark");
  if (!is_valid_utf8(text)) return refuse_json("The JSON text is not valid UTF-8");

  json::parse_options options;
  options.max_depth = max_json_depth;
  json::basic_parser<Builder> parser(options);
  error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) return refuse_json(ec);
  if (used != text.size()) return refuse_json("There is something after the JSON text");

  // An object keeps one member of each name: where it lost any, a name was there twice.
  json::value value = parser.handler().stack.release();
  if (count_members(value) != parser.handler().members)
    return refuse_json("The JSON text names a member twice");
  return value;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out.push_back('"');
  while (true) {
    const std::size_t plain = plain_size(text);
    out.append(text.substr(0, plain));
    if (plain == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[plain]);
    if (byte == '"' || byte == '\\') {
      out += {'\\', text[plain]};
    } else {
      out += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    }
    text.remove_prefix(plain + 1);
  }
  out.push_back('"');
}

}  // namespace latchkey
