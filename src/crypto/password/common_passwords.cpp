#include "crypto/password/common_passwords.h"

#include <algorithm>

namespace latchkey::crypto::password {
namespace {

/// FNV-1a, 32 bits.
std::uint32_t number_of(std::string_view text) {
  std::uint32_t number = 2166136261;
  for (const char c : text) {
    const auto lower = static_cast<std::uint8_t>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    number = (number ^ lower) * 16777619;
  }
  return number;
}

}  // namespace

bool is_common_password(std::string_view text) {
  return std::ranges::binary_search(common_password_numbers, number_of(text));
}

}  // namespace latchkey::crypto::password
