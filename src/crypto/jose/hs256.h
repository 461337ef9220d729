#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "crypto/hmac.h"

/// JWTs that we both write and read, in one spelling only. For this room's .cpp files.
namespace latchkey::crypto::jose {

/// The largest of them is far below this.
inline constexpr std::size_t max_hs256_size = 512;

/// `header` and `payload` are JSON texts; RFC 7515 §7.1 with HMAC-SHA256.
std::string make_hs256(std::string_view header, std::string_view payload, const HmacKey& key);

/// The payload of a token with exactly this header and the tag of one of `keys`; nothing otherwise. Nothing
/// of the payload is looked at before the tag is right.
std::optional<std::string> open_hs256(std::string_view token, std::string_view header,
                                      std::span<const HmacKey* const> keys);

/// Reads back a text that our own writer wrote. Each call takes its part off the front or says no.
class TextScanner {
 public:
  explicit TextScanner(std::string_view text) : rest_(text) {}

  bool skip(std::string_view literal);
  std::optional<std::string_view> take(std::size_t size);
  std::optional<std::int64_t> take_integer();
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace latchkey::crypto::jose
