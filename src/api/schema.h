#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string_view>

#include "api/described.h"
#include "base/secret.h"
#include "base/time.h"

/// From described structs (described.h) to the schemas of openapi.json (JSON Schema 2020-12).
namespace latchkey::api {

/// A schema under its name. A name without `make` is none.
struct Schema {
  std::string_view name{};
  boost::json::object (*make)() = nullptr;
};

/// What a request may leave out, it may also not have; an answer has all members, some of them null.
enum class Direction : std::uint8_t { request, response };

namespace detail {

/// Adds what the description says of a member.
void annotate(boost::json::object& schema, const About& about);

template <Described T>
boost::json::object schema_of_members(Direction direction);

template <class T>
boost::json::object schema_of(Direction direction) {
  if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_integral_v<T>) {
    return {{"type", "integer"}, {"format", "int64"}};
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return {{"type", "string"}, {"format", "date-time"}};
  } else if constexpr (std::is_same_v<T, Secret>) {
    return {{"type", "string"}, {"format", "password"}};
  } else if constexpr (NamedEnumeration<T>) {
    boost::json::array values;
    for (const auto& [value, text] : names(static_cast<const T*>(nullptr))) values.emplace_back(text);
    return {{"type", "string"}, {"enum", std::move(values)}};
  } else if constexpr (is_list<T>) {
    return {{"type", "array"}, {"items", schema_of<typename T::value_type>(direction)}};
  } else if constexpr (is_optional<T>) {
    auto schema = schema_of<typename T::value_type>(direction);
    if (direction == Direction::response) schema["type"] = {schema["type"], "null"};
    return schema;
  } else if constexpr (Described<T>) {
    return schema_of_members<T>(direction);
  } else {
    return {{"type", "string"}};
  }
}

template <Described T>
boost::json::object schema_of_members(Direction direction) {
  boost::json::object properties;
  boost::json::array required;
  for_each_member<T>([&](auto index) {
    const auto& member = std::get<index>(description<T>.members);
    using Value = typename std::remove_cvref_t<decltype(member)>::Type;
    auto schema = schema_of<Value>(direction);
    annotate(schema, member.about);
    properties[member.name] = std::move(schema);
    if (direction == Direction::response || !is_optional<Value>) required.emplace_back(member.name);
  });
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

}  // namespace detail

template <Described T>
constexpr Schema request_schema() {
  return {description<T>.name, [] { return detail::schema_of_members<T>(Direction::request); }};
}
template <Described T>
constexpr Schema response_schema() {
  return {description<T>.name, [] { return detail::schema_of_members<T>(Direction::response); }};
}
template <Described T>
constexpr Schema list_schema(std::string_view name) {
  return {name, [] { return detail::schema_of<std::vector<T>>(Direction::response); }};
}

}  // namespace latchkey::api
