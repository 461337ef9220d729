#pragma once

#include <array>
#include <string>
#include <string_view>

#include "api/described.h"
#include "base/json.h"
#include "base/spare_text.h"
#include "base/time.h"

/// From described structs (described.h) to JSON.
namespace latchkey::api {

template <Described T>
void append_members(std::string& out, const T& value);

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
  } else if constexpr (is_list<T>) {
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

namespace detail {

/// What stands before the value of a member: `,"name":`.
template <class T, std::size_t index>
inline constexpr auto member_start = [] {
  constexpr std::string_view name = std::get<index>(description<T>.members).name;
  std::array<char, name.size() + 4> text{};
  char* end = text.data();
  for (const char c : {',', '"'}) *end++ = c;
  for (const char c : name) *end++ = c;
  for (const char c : {'"', ':'}) *end++ = c;
  return text;
}();

}  // namespace detail

/// The members of a described struct without the braces, so that two structs can share one object.
template <Described T>
void append_members(std::string& out, const T& value) {
  for_each_member<T>([&](auto index) {
    constexpr auto& start = detail::member_start<T, index>;
    out += std::string_view(start.data(), start.size()).substr(index == 0 ? 1 : 0);
    append_json(out, value.*std::get<index>(description<T>.members).pointer);
  });
}

template <class T>
std::string to_json(const T& value) {
  std::string out = take_spare_text();
  out.reserve(512);
  append_json(out, value);
  return out;
}

}  // namespace latchkey::api
