#include "crypto/breached/line.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/secret.h"
#include "base/unicode.h"

namespace latchkey::crypto::breached {
namespace {

constexpr std::size_t sha1_digits = 40;
constexpr std::size_t ntlm_digits = 32;
constexpr std::size_t suffix_digits = 35;
constexpr std::size_t entry_digits = 2 * entry_size;

constexpr std::uint8_t no_digit = 0xff;

/// A list has a billion lines, so each digit is one look.
constexpr std::array<std::uint8_t, 256> digits = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (unsigned i = 0; i < 10; ++i) values['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 0; i < 6; ++i) values['A' + i] = values['a' + i] = static_cast<std::uint8_t>(10 + i);
  return values;
}();

std::uint8_t digit_of(char c) { return digits[static_cast<std::uint8_t>(c)]; }

std::size_t count_leading_digits(std::string_view line) {
  std::size_t count = 0;
  while (count < line.size() && digit_of(line[count]) != no_digit) ++count;
  return count;
}

bool is_count(std::string_view text) {
  constexpr std::size_t most = 20;
  return !text.empty() && text.size() <= most &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<Entry> read_hash_line(std::string_view line) {
  if (count_leading_digits(line) != sha1_digits) return std::nullopt;
  const std::string_view rest = line.substr(sha1_digits);
  if (!rest.empty() && (rest.front() != ':' || !is_count(rest.substr(1)))) return std::nullopt;
  Entry entry = 0;
  for (const char c : line.substr(0, entry_digits)) entry = entry << 4 | digit_of(c);
  return entry;
}

std::optional<Entry> read_password_line(std::string_view line) {
  if (line.empty() || !is_valid_utf8(line)) return std::nullopt;
  auto nfc = to_nfc(line);
  if (!nfc.has_value()) return std::nullopt;
  const Entry entry = entry_of(*nfc);
  wipe(*nfc);
  return entry;
}

std::string_view explain_hash_line(std::string_view line) {
  switch (count_leading_digits(line)) {
    case ntlm_digits:
      return "is an NTLM hash: download the list of SHA-1 hashes";
    case suffix_digits:
      return "is the end of a hash: download the list as one file with whole hashes";
    default:
      return "is no SHA-1 hash of 40 hexadecimal digits; for a list of passwords give --plain";
  }
}

}  // namespace latchkey::crypto::breached
