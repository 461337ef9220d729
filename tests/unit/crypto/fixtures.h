#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "base/secret.h"
#include "crypto/hmac.h"
#include "crypto/jose/es256.h"
#include "crypto/jose/key_set.h"

/// What several tests of the crypto room need: bytes from hexadecimal text, and tokens that no code of ours
/// would write.
namespace latchkey::crypto::test {

inline Bytes from_hex_text(std::string_view text) {
  Bytes bytes(text.size() / 2);
  if (!from_hex(text, bytes.data(), bytes.size())) throw std::invalid_argument("not hexadecimal");
  return bytes;
}

inline std::string hex(ByteView bytes) { return to_hex(bytes.data(), bytes.size()); }

/// The same numbers and bytes for the same seed, with any standard library.
class RandomBytes {
 public:
  explicit RandomBytes(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(engine_()) % limit; }
  std::uint64_t word() { return std::uint64_t{below(0xffffffff)} << 32 | below(0xffffffff); }
  Bytes bytes(std::size_t size) {
    Bytes made(size);
    std::generate(made.begin(), made.end(), [&] { return static_cast<std::uint8_t>(below(256)); });
    return made;
  }

 private:
  std::mt19937 engine_;
};

inline Secret secret_from_hex(std::string_view text) {
  const Bytes bytes = from_hex_text(text);
  return Secret{ByteView{bytes}};
}

inline std::string base64url(std::string_view text) { return encode_base64url(view_bytes(text)); }

/// `header.payload`, encoded from whatever texts they are.
inline std::string signing_input(std::string_view header, std::string_view payload) {
  return base64url(header) + '.' + base64url(payload);
}

/// What the nonces of the tests' signatures follow from.
inline const HmacKey& test_nonces() {
  static const HmacKey key{Secret{"nonces of the tests"}};
  return key;
}

inline std::string sign_with(const jose::SigningKey& key, std::string_view header, std::string_view payload) {
  const std::string input = signing_input(header, payload);
  return input + '.' + encode_base64url(key.sign(view_bytes(input), test_nonces()));
}

inline std::string sign_with(const HmacKey& key, std::string_view header, std::string_view payload) {
  const std::string input = signing_input(header, payload);
  return input + '.' + encode_base64url(key.tag(input));
}

/// A set of one key under its own name.
inline jose::KeySet set_of(const jose::SigningKey& key) {
  std::vector<jose::NamedVerifyKey> keys;
  keys.push_back({jose::key_id(key.point()), key.verify_key()});
  return jose::KeySet{std::move(keys)};
}

/// `text` with the first `from` replaced.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::invalid_argument("nothing to replace: " + std::string{from});
  return text.replace(at, from.size(), to);
}

}  // namespace latchkey::crypto::test
