#include "crypto/hmac.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "crypto/openssl.h"

namespace latchkey::crypto {
namespace {

constexpr std::size_t block_size = 64;

// OpenSSL 3 would rather have its EVP calls used, which cost more than the hashing of a short message
// (crypto/sha256.cpp has the same).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/// SHA-256 that has read one block: the key, mixed with RFC 2104's constant.
SHA256_CTX begin(const std::array<std::uint8_t, block_size>& key, std::uint8_t constant) {
  std::array<std::uint8_t, block_size> block{};
  std::ranges::transform(key, block.begin(), [constant](std::uint8_t byte) {
    return static_cast<std::uint8_t>(byte ^ constant);
  });
  SHA256_CTX state;
  require(SHA256_Init(&state) == 1 && SHA256_Update(&state, block.data(), block.size()) == 1, "HMAC key");
  OPENSSL_cleanse(block.data(), block.size());
  return state;
}

}  // namespace

struct HmacKey::State {
  explicit State(const std::array<std::uint8_t, block_size>& key)
      : inner(begin(key, 0x36)), outer(begin(key, 0x5c)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    OPENSSL_cleanse(&inner, sizeof inner);
    OPENSSL_cleanse(&outer, sizeof outer);
  }
  SHA256_CTX inner;
  SHA256_CTX outer;
};

HmacKey::HmacKey(const Secret& key) {
  std::array<std::uint8_t, block_size> padded{};
  if (key.size() <= block_size) {
    std::ranges::copy(key.bytes(), padded.begin());
  } else {
    std::ranges::copy(sha256(key.bytes()), padded.begin());
  }
  state_ = std::make_unique<const State>(padded);
  OPENSSL_cleanse(padded.data(), padded.size());
}

HmacKey::HmacKey(HmacKey&&) noexcept = default;
HmacKey& HmacKey::operator=(HmacKey&&) noexcept = default;
HmacKey::~HmacKey() = default;

Sha256Digest HmacKey::tag(std::span<const std::uint8_t> message) const {
  SHA256_CTX state = state_->inner;
  Sha256Digest tag;
  bool done =
      SHA256_Update(&state, message.data(), message.size()) == 1 && SHA256_Final(tag.data(), &state) == 1;
  state = state_->outer;
  done = done && SHA256_Update(&state, tag.data(), tag.size()) == 1 && SHA256_Final(tag.data(), &state) == 1;
  OPENSSL_cleanse(&state, sizeof state);
  require(done, "HMAC tag");
  return tag;
}

#pragma GCC diagnostic pop

Sha256Digest HmacKey::tag(std::string_view message) const { return tag(view_bytes(message)); }

bool HmacKey::verify(std::string_view message, std::span<const std::uint8_t> tag_to_check) const {
  const Sha256Digest right = tag(message);
  return equal_in_constant_time(right, tag_to_check);
}

}  // namespace latchkey::crypto
