#include "crypto/jose/hs256.h"

#include <charconv>

#include "base/bytes.h"

namespace latchkey::crypto::jose {

std::string make_hs256(std::string_view header, std::string_view payload, const HmacKey& key) {
  std::string token = encode_base64url(view_bytes(header));
  token += '.';
  append_base64url(token, view_bytes(payload));
  const Sha256Digest tag = key.tag(token);
  token += '.';
  append_base64url(token, tag);
  return token;
}

std::optional<std::string> open_hs256(std::string_view token, std::string_view header,
                                      std::span<const HmacKey* const> keys) {
  if (token.size() > max_hs256_size) return std::nullopt;
  const std::string start = encode_base64url(view_bytes(header)) + '.';
  if (!token.starts_with(start)) return std::nullopt;
  const std::size_t dot = token.find('.', start.size());
  if (dot == std::string_view::npos) return std::nullopt;
  Sha256Digest tag;
  if (!decode_base64url(token.substr(dot + 1), tag)) return std::nullopt;

  bool authentic = false;
  for (const HmacKey* const key : keys) authentic = authentic || key->verify(token.substr(0, dot), tag);
  if (!authentic) return std::nullopt;

  const std::optional<Bytes> payload = decode_base64url(token.substr(start.size(), dot - start.size()));
  if (!payload) return std::nullopt;
  return std::string{view_text(*payload)};
}

bool TextScanner::skip(std::string_view literal) {
  if (!rest_.starts_with(literal)) return false;
  rest_.remove_prefix(literal.size());
  return true;
}

std::optional<std::string_view> TextScanner::take(std::size_t size) {
  if (rest_.size() < size) return std::nullopt;
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::optional<std::int64_t> TextScanner::take_integer() {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
  if (error != std::errc{}) return std::nullopt;
  rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  return number;
}

}  // namespace latchkey::crypto::jose
