#pragma once

#include <array>
#include <boost/describe.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/spare_text.h"
#include "base/time.h"

/// Between described structs (schemas.h) and JSON.
namespace latchkey::api {

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

/// Appends a value as JSON. A described struct becomes an object with its members in order.
template <class T>
void append_json(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    out += std::to_string(value);
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    append_json_string(out, value);
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    const Rfc3339 text(value);
    append_json_string(out, text.view());
  } else if constexpr (is_optional<T>) {
    if (value.has_value()) {
      append_json(out, *value);
    } else {
      out += "null";
    }
  } else if constexpr (is_vector<T>) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i != 0) out += ',';
      append_json(out, value[i]);
    }
    out += ']';
  } else {
    out += '{';
    append_members(out, value);
    out += '}';
  }
}

/// What stands before the value of a member: `,"name":`.
template <class Member>
inline constexpr auto member_start = [] {
  constexpr std::string_view name = Member::name;
  std::array<char, name.size() + 4> text{};
  char* end = text.data();
  for (const char c : {',', '"'}) *end++ = c;
  for (const char c : name) *end++ = c;
  for (const char c : {'"', ':'}) *end++ = c;
  return text;
}();

/// The members of a described struct without the braces, so that two structs can share one object.
template <class T>
void append_members(std::string& out, const T& value) {
  bool first = true;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    constexpr auto& start = member_start<decltype(member)>;
    out += std::string_view(start.data(), start.size()).substr(first ? 1 : 0);
    first = false;
    append_json(out, value.*member.pointer);
  });
}

template <class T>
std::string to_json(const T& value) {
  std::string out = take_spare_text();
  out.reserve(512);
  append_json(out, value);
  return out;
}

/// Collects what is wrong with a body, in the words that clients of the Python service know.
class FieldErrors {
 public:
  void missing(std::string_view field) { add(field, "missing", "Field required"); }
  void add(std::string_view field, std::string_view type, std::string_view message);
  bool empty() const { return fields_.empty(); }
  Error take();

 private:
  std::vector<FieldError> fields_;
};

void read_member(boost::json::value& in, std::string_view name, std::string& out, FieldErrors& errors);
/// Takes the text and overwrites it where it stood.
void read_member(boost::json::value& in, std::string_view name, Secret& out, FieldErrors& errors);
void read_member(boost::json::value& in, std::string_view name, bool& out, FieldErrors& errors);

/// The struct in a JSON body. Members that the struct does not have are ignored; all that is wrong with the
/// others is told at once. Refuses with malformed_json and validation_failed.
template <class T>
Result<T> decode_json(std::string_view body) {
  auto parsed = parse_json(body);
  if (parsed.has_error()) return parsed.error();
  auto* object = parsed->if_object();
  if (object == nullptr) return Error(ErrorCode::malformed_json, "The body must be a JSON object");
  T result;
  FieldErrors errors;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    auto* found = object->if_contains(member.name);
    if (found == nullptr) {
      errors.missing(member.name);
    } else {
      read_member(*found, member.name, result.*member.pointer, errors);
    }
  });
  if (!errors.empty()) return errors.take();
  return result;
}

}  // namespace latchkey::api
