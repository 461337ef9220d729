#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/secret.h"
#include "crypto/sha256.h"

namespace latchkey::crypto {

/// A key of HMAC-SHA256 (RFC 2104), prepared once. Any number of threads may use one at the same time without
/// a lock: each works on a copy of the keyed state, on its stack. The key is overwritten when the object
/// goes.
class HmacKey {
 public:
  explicit HmacKey(const Secret& key);
  HmacKey(HmacKey&&) noexcept;
  HmacKey& operator=(HmacKey&&) noexcept;
  ~HmacKey();

  Sha256Digest tag(std::span<const std::uint8_t> message) const;
  Sha256Digest tag(std::string_view message) const;
  /// Compares in constant time; a tag of any other length than 32 is wrong.
  bool verify(std::string_view message, std::span<const std::uint8_t> tag) const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace latchkey::crypto
