#include "crypto/password/bcrypt.h"

#include <crypt.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>

#include "base/bytes.h"

namespace latchkey::crypto::password {
namespace {

constexpr std::size_t stored_size = 60;
constexpr std::size_t hash_size = 31;
constexpr int min_cost = 4;
constexpr int greatest_cost = 31;  ///< that bcrypt has

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

/// The cost of a hash of the right form.
std::optional<int> read_cost(std::string_view stored) {
  if (stored.size() != stored_size || !stored.starts_with("$2") || stored[3] != '$' || stored[6] != '$')
    return std::nullopt;
  if (stored[2] != 'a' && stored[2] != 'b' && stored[2] != 'y') return std::nullopt;
  if (!is_digit(stored[4]) || !is_digit(stored[5])) return std::nullopt;
  const std::string_view rest = stored.substr(7);
  if (!std::all_of(rest.begin(), rest.end(), is_bcrypt_base64)) return std::nullopt;
  return (stored[4] - '0') * 10 + (stored[5] - '0');
}

}  // namespace

bool is_bcrypt(std::string_view stored) {
  const std::optional<int> cost = read_cost(stored);
  return cost && *cost >= min_cost && *cost <= max_bcrypt_cost;
}

bool is_costly_bcrypt(std::string_view stored) {
  const std::optional<int> cost = read_cost(stored);
  return cost && *cost > max_bcrypt_cost && *cost <= greatest_cost;
}

bool bcrypt_matches(const std::string& stored, const Secret& password) {
  if (password.text().find('\0') != std::string_view::npos) return false;
  // libcrypt refuses phrases over 512 bytes, so only what bcrypt reads is handed over.
  std::array<char, bcrypt_reads + 1> phrase{};
  std::copy_n(password.text().data(), std::min(password.size(), bcrypt_reads), phrase.data());
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
