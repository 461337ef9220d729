#include "crypto/password/bcrypt.h"

#include <crypt.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "base/bytes.h"

namespace latchkey::crypto::password {
namespace {

constexpr std::size_t stored_size = 60;
constexpr std::size_t hash_size = 31;
constexpr std::size_t read_bytes = 72;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_bcrypt_base64(char c) {
  return c == '.' || c == '/' || is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

struct WipingDeleter {
  void operator()(crypt_data* data) const {
    wipe(data, sizeof *data);
    delete data;
  }
};

}  // namespace

bool is_bcrypt(std::string_view stored) {
  if (stored.size() != stored_size || !stored.starts_with("$2") || stored[3] != '$' || stored[6] != '$')
    return false;
  if (stored[2] != 'a' && stored[2] != 'b' && stored[2] != 'y') return false;
  if (!is_digit(stored[4]) || !is_digit(stored[5])) return false;
  const int cost = (stored[4] - '0') * 10 + (stored[5] - '0');
  const std::string_view rest = stored.substr(7);
  return cost >= 4 && cost <= max_bcrypt_cost && std::all_of(rest.begin(), rest.end(), is_bcrypt_base64);
}

bool bcrypt_matches(const std::string& stored, const Secret& password) {
  if (password.text().find('\0') != std::string_view::npos) return false;
  // libcrypt refuses phrases over 512 bytes, so only what bcrypt reads is handed over.
  std::array<char, read_bytes + 1> phrase{};
  std::copy_n(password.text().data(), std::min(password.size(), read_bytes), phrase.data());
  const std::unique_ptr<crypt_data, WipingDeleter> scratch{new crypt_data{}};
  const char* const computed = ::crypt_r(phrase.data(), stored.c_str(), scratch.get());
  wipe(phrase.data(), phrase.size());
  if (computed == nullptr || std::strlen(computed) != stored_size)
    throw std::runtime_error("libcrypt has no bcrypt");
  // The last character of a salt holds bits that nothing reads and that libcrypt clears, so only the hash is
  // compared.
  const std::string_view got{computed + stored_size - hash_size, hash_size};
  const std::string_view wanted = std::string_view{stored}.substr(stored_size - hash_size);
  return equal_in_constant_time(view_bytes(got), view_bytes(wanted));
}

}  // namespace latchkey::crypto::password
