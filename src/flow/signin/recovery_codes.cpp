#include "flow/signin/recovery_codes.h"

#include <algorithm>
#include <array>

#include "crypto/random.h"
#include "crypto/sha256.h"
#include "store/factor_removals.h"
#include "store/recovery_codes.h"

namespace latchkey::flow::signin {
namespace {

/// https://www.crockford.com/base32.html, small letters.
constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t code_bytes = 10;
constexpr std::size_t code_characters = 16;
constexpr std::size_t group = 4;

/// The character that somebody meant; NUL for one that no code has.
char meant(char c) {
  if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (c == 'o') return '0';
  if (c == 'i' || c == 'l') return '1';
  return alphabet.find(c) == std::string_view::npos ? '\0' : c;
}

}  // namespace

Secret make_recovery_code() {
  auto random = crypto::random_array<code_bytes>();
  std::array<char, code_characters + code_characters / group - 1> text{};
  std::size_t at = 0;
  std::uint32_t bits = 0;
  unsigned count = 0;
  std::size_t made = 0;
  for (const std::uint8_t byte : random) {
    bits = (bits << 8U | byte) & 0xfffU;
    for (count += 8; count >= 5; count -= 5) {
      if (made > 0 && made % group == 0) text[at++] = '-';
      text[at++] = alphabet[bits >> (count - 5) & 0x1fU];
      ++made;
    }
  }
  Secret code(std::string_view(text.data(), text.size()));
  wipe(text.data(), text.size());
  wipe(random.data(), random.size());
  return code;
}

std::optional<Secret> read_recovery_code(std::string_view text) {
  std::array<char, code_characters> code{};
  std::size_t count = 0;
  for (const char c : text) {
    if (c == ' ' || c == '-' || c == '\t' || c == '\n' || c == '\r') continue;
    const char digit = meant(c);
    if (digit == '\0' || count == code.size()) return std::nullopt;
    code[count++] = digit;
  }
  if (count != code.size()) return std::nullopt;
  Secret read(std::string_view(code.data(), code.size()));
  wipe(code.data(), code.size());
  return read;
}

Bytes hash_of_recovery_code(const Subject& account, const Secret& code) {
  std::array<std::uint8_t, 16 + code_characters> message{};
  auto* const end = std::ranges::copy(account.bytes, message.begin()).out;
  std::ranges::copy(code.bytes().first(code_characters), end);
  const auto digest = crypto::sha256(std::span<const std::uint8_t>(message));
  wipe(message.data(), message.size());
  return {digest.begin(), digest.end()};
}

std::vector<std::string> replace_recovery_codes(db::Tx& tx, UserId account, const Subject& subject,
                                                Timestamp now) {
  tx.run_later(store::recovery_codes::delete_codes_of_user, account);
  std::vector<std::string> codes;
  codes.reserve(recovery_codes_made);
  for (int i = 0; i < recovery_codes_made; ++i) {
    const Secret code = make_recovery_code();
    tx.run_later(store::recovery_codes::insert_code,
                 hash_of_recovery_code(subject, read_recovery_code(code.text()).value()), account, now);
    codes.emplace_back(code.text());
  }
  return codes;
}

void drop_recovery_codes_without_factor(db::Tx& tx, UserId account) {
  tx.run_later(store::recovery_codes::delete_codes_without_factor, account);
  tx.run_later(store::factor_removals::delete_without_factor, account);
}

}  // namespace latchkey::flow::signin
