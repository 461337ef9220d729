#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/described.h"
#include "base/field_errors.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/time.h"
#include "http/form.h"
#include "http/message.h"
#include "http/route.h"

/// From JSON and forms to described structs (described.h). Members that the struct does not have are ignored;
/// all that is wrong with the others is told at once, in the words that clients of the Python service know.
namespace latchkey::api {
namespace detail {

/// One value as the client sent it: a JSON value, or the text of a form field. A Secret is taken out of it
/// and overwritten where it stood, as far as the memory is the decoder's.
void read_json(boost::json::value& in, const About&, std::string_view name, std::string& out, FieldErrors&);
void read_json(boost::json::value& in, const About&, std::string_view name, Secret& out, FieldErrors&);
void read_json(boost::json::value& in, const About&, std::string_view name, bool& out, FieldErrors&);
void read_json(boost::json::value& in, const About&, std::string_view name, std::int64_t& out, FieldErrors&);
void read_json(boost::json::value& in, const About&, std::string_view name, Timestamp& out, FieldErrors&);

void read_text(std::string_view in, const About&, std::string_view name, std::string& out, FieldErrors&);
void read_text(std::string_view in, const About&, std::string_view name, Secret& out, FieldErrors&);
void read_text(std::string_view in, const About&, std::string_view name, bool& out, FieldErrors&);
void read_text(std::string_view in, const About&, std::string_view name, std::int64_t& out, FieldErrors&);
void read_text(std::string_view in, const About&, std::string_view name, Timestamp& out, FieldErrors&);

/// "Input should be 'a' or 'b'".
void refuse_outside(std::span<const std::string_view> values, std::string_view name, FieldErrors& errors);

template <NamedEnumeration T>
void read_name(std::string_view in, std::string_view name, T& out, FieldErrors& errors) {
  static constexpr auto known = names(static_cast<const T*>(nullptr));
  for (const auto& [value, text] : known) {
    if (in != text) continue;
    out = value;
    return;
  }
  std::array<std::string_view, known.size()> texts;
  for (std::size_t i = 0; i < known.size(); ++i) texts[i] = known[i].second;
  refuse_outside(texts, name, errors);
}

template <Described T>
void read_members(boost::json::object& in, T& out, FieldErrors& errors);

template <class T>
void read_json(boost::json::value& in, const About& about, std::string_view name, T& out,
               FieldErrors& errors) requires NamedEnumeration<T> ||
    is_optional<T> || is_list<T> || Described<T> {
  if constexpr (NamedEnumeration<T>) {
    const auto* text = in.if_string();
    if (text == nullptr) return errors.add(name, "string_type", "Input should be a valid string");
    read_name(std::string_view(*text), name, out, errors);
  } else if constexpr (is_optional<T>) {
    if (!in.is_null()) read_json(in, about, name, out.emplace(), errors);
  } else if constexpr (is_list<T>) {
    auto* items = in.if_array();
    if (items == nullptr) return errors.add(name, "list_type", "Input should be a valid list");
    if (items->size() > about.most_items) {
      return errors.add(name, "too_long",
                        "List should have at most " + std::to_string(about.most_items) + " items");
    }
    errors.enter(name);
    for (std::size_t i = 0; i < items->size(); ++i) {
      read_json((*items)[i], about, std::to_string(i), out.emplace_back(), errors);
    }
    errors.leave();
  } else {
    auto* object = in.if_object();
    if (object == nullptr) return errors.add(name, "object_type", "Input should be an object");
    errors.enter(name);
    read_members(*object, out, errors);
    errors.leave();
  }
}

template <Described T>
void read_members(boost::json::object& in, T& out, FieldErrors& errors) {
  for_each_member<T>([&](auto index) {
    const auto& member = std::get<index>(description<T>.members);
    auto& field = out.*member.pointer;
    if (auto* found = in.if_contains(member.name)) {
      read_json(*found, member.about, member.name, field, errors);
    } else if constexpr (!is_optional<std::remove_cvref_t<decltype(field)>>) {
      errors.missing(member.name);
    }
  });
}

template <class T>
void read_field(std::string_view in, const About& about, std::string_view name, T& out, FieldErrors& errors) {
  if constexpr (is_optional<T>) {
    // Browsers and generated clients send what nobody filled in as an empty field.
    if (!in.empty()) read_field(in, about, name, out.emplace(), errors);
  } else if constexpr (NamedEnumeration<T>) {
    read_name(in, name, out, errors);
  } else {
    read_text(in, about, name, out, errors);
  }
}

/// malformed_json where the body is no JSON object.
Result<boost::json::value> parse_object(std::string_view body);

/// Refuses with repeated_parameter when one of the names stands in the query, too: nobody could say which of
/// the two values counts (security case H22).
Result<> refuse_in_query(const http::Request& request, std::span<const std::string_view> names);

/// The form of the request; malformed_form and repeated_parameter.
Result<http::Form> read_form(const http::Request& request);

template <Described T>
constexpr auto member_names() {
  std::array<std::string_view, member_count<T>> result;
  for_each_member<T>([&](auto index) { result[index] = std::get<index>(description<T>.members).name; });
  return result;
}

/// Lists and nested objects have no form.
template <class T>
inline constexpr bool is_form_field = !is_list<T> && !Described<T>;
template <class T>
inline constexpr bool is_form_field<std::optional<T>> = is_form_field<T>;
template <Described T>
constexpr bool has_form() {
  bool all = true;
  for_each_member<T>([&](auto index) {
    using Field = typename std::remove_cvref_t<decltype(std::get<index>(description<T>.members))>::Type;
    all = all && is_form_field<Field>;
  });
  return all;
}

}  // namespace detail

/// The struct in a JSON body. Refuses with malformed_json and validation_failed.
template <Described T>
Result<T> decode_json(std::string_view body) {
  auto parsed = detail::parse_object(body);
  if (parsed.has_error()) return parsed.error();
  T result{};
  FieldErrors errors;
  detail::read_members(parsed->get_object(), result, errors);
  if (!errors.empty()) return errors.take();
  return result;
}

/// The struct in the fields of a form or a query, each given once at most. Lists and nested objects have no
/// form. Refuses with validation_failed.
template <Described T>
Result<T> decode_fields(const http::Form& form, std::string_view where = "body") {
  T result{};
  FieldErrors errors(where);
  for_each_member<T>([&](auto index) {
    const auto& member = std::get<index>(description<T>.members);
    auto& field = result.*member.pointer;
    const auto value = form.find(member.name);
    if (value.has_value()) {
      detail::read_field(*value, member.about, member.name, field, errors);
    } else if constexpr (!is_optional<std::remove_cvref_t<decltype(field)>>) {
      errors.missing(member.name);
    }
  });
  if (!errors.empty()) return errors.take();
  return result;
}

/// The struct in the query of a request; each member may be left out. Refuses with malformed_form and
/// validation_failed; that no name is given twice has been seen to before (router.cpp).
template <Described T>
Result<T> decode_query(const http::Request& request) {
  if (request.query.empty()) return T{};
  const auto query = http::parse_query(request);
  if (query.has_error()) return query.error();
  return decode_fields<T>(*query, "query");
}

/// The struct that a request carries in its body, in the form that its route takes. A member that stands in
/// the query as well is refused. Refuses with malformed_json, malformed_form, repeated_parameter,
/// validation_failed.
template <Described T>
Result<T> decode(const http::Request& request) {
  static constexpr auto names = detail::member_names<T>();
  if (const auto once = detail::refuse_in_query(request, names); once.has_error()) return once.error();
  if constexpr (detail::has_form<T>()) {
    if (request.route->body == http::BodyKind::form) {
      const auto form = detail::read_form(request);
      if (form.has_error()) return form.error();
      return decode_fields<T>(*form);
    }
  }
  return decode_json<T>(request.body);
}

}  // namespace latchkey::api
