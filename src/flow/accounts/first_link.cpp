#include "flow/accounts/first_link.h"

#include "base/bytes.h"
#include "crypto/random.h"

namespace latchkey::flow::accounts {

std::string FirstLink::open() {
  std::string token = encode_base64url(crypto::random_array<32>());
  token_ = Secret(token);
  is_open_.store(true, std::memory_order_relaxed);
  return token;
}

bool FirstLink::opens(std::string_view token) const {
  return is_open_.load(std::memory_order_relaxed) && Secret(token) == token_;
}

}  // namespace latchkey::flow::accounts
