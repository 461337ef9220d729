// Bodies, forms and queries into a described struct, and cursors: what is taken holds to the bounds that the
// description states, what is refused says so in valid UTF-8, and nobody else's cursor opens.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/cursor.h"
#include "api/decode.h"
#include "base/unicode.h"
#include "fuzz/require.h"

namespace fuzzed {

struct Inner {
  std::string name;
  std::optional<bool> flag;
};
constexpr auto describe(const Inner*) {
  return latchkey::api::object("Inner", latchkey::api::member("name", &Inner::name, {.longest = 20}),
                               latchkey::api::member("flag", &Inner::flag));
}

struct Outer {
  std::string text;
  latchkey::Secret secret;
  std::int64_t number = 0;
  std::optional<latchkey::Timestamp> at;
  std::vector<Inner> items;
};
constexpr auto describe(const Outer*) {
  using latchkey::api::member;
  return latchkey::api::object("Outer", member("text", &Outer::text, {.longest = 30}),
                               member("secret", &Outer::secret),
                               member("number", &Outer::number, {.least = -5, .greatest = 1000}),
                               member("at", &Outer::at), member("items", &Outer::items, {.most_items = 4}));
}

struct Flat {
  std::string text;
  std::optional<latchkey::Secret> secret;
  std::optional<std::int64_t> number;
  std::optional<bool> flag;
};
constexpr auto describe(const Flat*) {
  using latchkey::api::member;
  return latchkey::api::object(
      "Flat", member("text", &Flat::text, {.longest = 30}), member("secret", &Flat::secret),
      member("number", &Flat::number, {.least = 0, .greatest = 9}), member("flag", &Flat::flag));
}

}  // namespace fuzzed

using namespace latchkey;

namespace {

template <class T>
bool is_taken(const Result<T>& result) {
  if (result.has_value()) return true;
  const Error& error = result.error();
  require(is_valid_utf8(error.detail));
  for (const FieldError& field : error.fields) {
    require(is_valid_utf8(field.msg));
    for (const std::string& part : field.loc) require(is_valid_utf8(part));
  }
  return false;
}

void check_json(std::string_view text) {
  const auto outer = api::decode_json<fuzzed::Outer>(text);
  if (!is_taken(outer)) return;
  require(outer->text.size() <= 30 && outer->number >= -5 && outer->number <= 1000 &&
          outer->items.size() <= 4);
  for (const fuzzed::Inner& inner : outer->items)
    require(inner.name.size() <= 20 && is_valid_utf8(inner.name));
}

void check_form(std::string_view text) {
  const auto form = http::parse_urlencoded(text);
  if (form.has_error() || form->has_repeats()) return;
  const auto flat = api::decode_fields<fuzzed::Flat>(*form);
  if (is_taken(flat))
    require(flat->text.size() <= 30 && flat->number.value_or(0) >= 0 && flat->number.value_or(0) <= 9);
}

void check_cursor(std::string_view text) {
  static const crypto::Keyring ring(Secret{std::string_view{"a secret of this program alone"}}, {}, 1);
  require(!api::open_cursor(ring, "list", text));
  const std::string sealed = api::seal_cursor(ring, "list", view_bytes(text));
  const auto opened = api::open_cursor(ring, "list", sealed);
  require(opened && ByteView(*opened).size() == text.size());
  require(!api::open_cursor(ring, "other", sealed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_json(text);
  check_form(text);
  check_cursor(text);
  return 0;
}
