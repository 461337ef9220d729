#include "flow/links/code.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/secret.h"

namespace latchkey::flow::links {
namespace {

constexpr std::size_t digits = 8;
constexpr std::uint64_t modulus = 100'000'000;

std::string code_under(const crypto::HmacKey& key, const LinkId& id, std::string_view purpose) {
  // The id has a fixed width, so no two pairs share a message.
  std::string message(view_text(id.bytes));
  message += purpose;
  const auto tag = key.tag(message);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8 | tag[i];
  std::string code = std::to_string(number % modulus);
  return code.insert(0, digits - code.size(), '0');
}

}  // namespace

std::string make_code(const crypto::Keyring& ring, const LinkId& id, std::string_view purpose) {
  return code_under(ring.key(crypto::KeyUse::mail_code), id, purpose);
}

std::vector<std::string> codes_of(const crypto::Keyring& ring, const LinkId& id, std::string_view purpose) {
  std::vector<std::string> codes;
  for (const crypto::HmacKey* const key : ring.keys(crypto::KeyUse::mail_code))
    codes.push_back(code_under(*key, id, purpose));
  return codes;
}

Handled mask(const crypto::HmacKey& key, const LinkId& handle, const Handled& handled) {
  // No token begins so: the same key signs the handle, too.
  std::string message("mail of ");
  message += view_text(handle.bytes);
  const auto tag = key.tag(message);
  constexpr std::size_t size = sizeof handled.mail.bytes;
  static_assert(tag.size() > size);
  Handled masked;
  for (std::size_t i = 0; i < size; ++i)
    masked.mail.bytes[i] = static_cast<std::uint8_t>(handled.mail.bytes[i] ^ tag[i]);
  masked.counted = (handled.counted ^ tag[size]) & 3;
  return masked;
}

std::optional<std::string> read_code(std::string_view typed) {
  std::string code;
  for (const char c : typed) {
    if (c == ' ' || c == '-' || c == '\t') continue;
    if (c < '0' || c > '9' || code.size() == digits) return std::nullopt;
    code += c;
  }
  if (code.size() != digits) return std::nullopt;
  return code;
}

bool is_one_of(const std::string& code, const std::vector<std::string>& codes) {
  bool found = false;
  for (const std::string& one : codes) found |= equal_in_constant_time(view_bytes(code), view_bytes(one));
  return found;
}

}  // namespace latchkey::flow::links
