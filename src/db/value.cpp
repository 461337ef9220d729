#include "db/value.h"

#include <cstring>
#include <limits>

#include "base/unicode.h"
#include "db/error.h"

namespace latchkey::db {
namespace {

std::string_view name_of(const Value& value) {
  static constexpr std::string_view names[] = {"NULL", "a boolean", "an integer", "a text", "bytes"};
  return names[value.index()];
}

template <class T>
const T& expect(const Value& value, std::string_view wanted) {
  if (const T* inside = std::get_if<T>(&value)) return *inside;
  throw Fault("a column holds " + std::string(name_of(value)) + " where " + std::string(wanted) +
              " was expected");
}

/// Nearly every text is; eight bytes at a time, since rows are read for every request.
bool is_ascii(std::string_view text) {
  std::uint64_t all = 0;
  std::size_t at = 0;
  for (; at + sizeof all <= text.size(); at += sizeof all) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    all |= word;
  }
  for (; at < text.size(); ++at) all |= static_cast<unsigned char>(text[at]);
  return (all & 0x8080808080808080ULL) == 0;
}

}  // namespace

void throw_bad_value(std::string_view what) { throw Fault(std::string(what)); }

bool boolean_of(const Value& value) {
  if (const bool* truth = std::get_if<bool>(&value)) return *truth;
  const auto number = expect<std::int64_t>(value, "a boolean");
  if (number != 0 && number != 1) throw Fault("a column holds an integer where a boolean was expected");
  return number == 1;
}

std::int64_t integer_of(const Value& value) { return expect<std::int64_t>(value, "an integer"); }
std::string_view text_of(const Value& value) { return expect<std::string_view>(value, "a text"); }

std::string_view sound_text_of(const Value& value) {
  const std::string_view text = text_of(value);
  if (text.size() > longest_text)
    throw Fault("a column holds a text of " + std::to_string(text.size()) + " bytes");
  if (!is_ascii(text) && !is_valid_utf8(text)) throw Fault("a column holds text that is not UTF-8");
  return text;
}

ByteView bytes_of(const Value& value) { return expect<ByteView>(value, "bytes"); }

ByteView bytes_of(const Value& value, std::size_t size) {
  const ByteView bytes = bytes_of(value);
  if (bytes.size() != size) {
    throw Fault("a column holds " + std::to_string(bytes.size()) + " bytes where " + std::to_string(size) +
                " were expected");
  }
  return bytes;
}

std::int32_t Codec<std::int32_t>::decode(const Value& value) {
  const auto number = integer_of(value);
  if (number < std::numeric_limits<std::int32_t>::min() ||
      number > std::numeric_limits<std::int32_t>::max()) {
    throw Fault("a column holds an integer that does not fit 32 bits");
  }
  return static_cast<std::int32_t>(number);
}

Timestamp Codec<Timestamp>::decode(const Value& value) {
  const auto count = integer_of(value);
  if (count < 0) throw Fault("a column holds a moment before 1970");
  return Timestamp{Microseconds{count}};
}

Role Codec<Role>::decode(const Value& value) {
  const auto role = parse_role(text_of(value));
  if (!role) throw Fault("a column holds an unknown role");
  return *role;
}

}  // namespace latchkey::db
