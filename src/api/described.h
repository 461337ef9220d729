#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// How a struct says what it looks like as JSON or as a form. Encoding, decoding and the schema in
/// openapi.json are all made from one description, which stands beside the struct:
///
///   struct EmailRequest {
///     std::string email;
///   };
///   constexpr auto describe(const EmailRequest*) {
///     return api::object("RequestEmail",
///                        api::member("email", &EmailRequest::email, {.meaning = "…", .format = "email"}));
///   }
///
/// The compiler finds `describe` by its argument, so it stands in the namespace of the struct.
namespace latchkey::api {

/// What the type of a member does not say. The bounds `longest`, `least`, `greatest` and `most_items` hold at
/// decoding; what only a rule can judge (a length after trimming, a strength) is told in `meaning`, with
/// `shown_shortest` and `shown_longest` for the schema.
struct About {
  std::string_view meaning = {};
  std::string_view format = {};  ///< of JSON Schema, such as "email" or "uri"
  std::string_view example = {};
  std::string_view constant = {};                 ///< the one value that the member can have
  std::span<const std::string_view> one_of = {};  ///< the values that a text can have
  std::size_t longest = 0;                        ///< bytes of a text; 0: as long as the body may be
  std::size_t shown_shortest = 0;                 ///< characters
  std::size_t shown_longest = 0;                  ///< characters
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
  std::size_t most_items = 100;  ///< of a list
};

template <class Struct, class Value>
struct Member {
  using Type = Value;
  std::string_view name;
  Value Struct::*pointer;
  About about;
};

template <class... Members>
struct Object {
  std::string_view name;  ///< of the schema in openapi.json
  std::tuple<Members...> members;
};

template <class Struct, class Value>
constexpr Member<Struct, Value> member(std::string_view name, Value Struct::*pointer, About about = {}) {
  return {name, pointer, about};
}

template <class... Members>
constexpr Object<Members...> object(std::string_view name, Members... members) {
  return {name, {members...}};
}

template <class T>
concept Described = requires {
  describe(static_cast<const T*>(nullptr));
};

/// The description of `T`, made once by the compiler.
template <Described T>
inline constexpr auto description = describe(static_cast<const T*>(nullptr));

template <Described T>
inline constexpr std::size_t member_count = std::tuple_size_v<decltype(description<T>.members)>;

/// Calls `each` with the index of every member, as a constant, in order.
template <Described T, class Each>
constexpr void for_each_member(Each&& each) {
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    (each(std::integral_constant<std::size_t, index>{}), ...);
  }
  (std::make_index_sequence<member_count<T>>{});
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;

/// A closed set of values with a text for each: `constexpr auto names(const Mode*)` beside the enumeration
/// answers an array of pairs (value, text).
template <class T>
concept NamedEnumeration = std::is_enum_v<T> && requires {
  names(static_cast<const T*>(nullptr));
};

}  // namespace latchkey::api
