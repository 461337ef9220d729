#include "crypto/jose/own_token.h"

#include <charconv>

#include "base/bytes.h"

namespace latchkey::crypto::jose::detail {
namespace {

constexpr std::size_t encoded_fingerprint_size = 22;

template <class Parse>
bool read_quoted(TextScanner& payload, std::size_t size, Parse parse) {
  if (!payload.skip("\"")) return false;
  const auto text = payload.take(size);
  return text.has_value() && parse(*text) && payload.skip("\"");
}

}  // namespace

void append_value(std::string& payload, const std::array<std::uint8_t, 16>& id) {
  payload += '"';
  payload += to_hex(id.data(), id.size());
  payload += '"';
}

void append_value(std::string& payload, const Subject& subject) {
  payload += '"';
  payload += to_string(subject);
  payload += '"';
}

void append_value(std::string& payload, const AddressFingerprint& fingerprint) {
  payload += '"';
  append_base64url(payload, fingerprint.bytes);
  payload += '"';
}

void append_value(std::string& payload, std::int64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  payload.append(digits.data(), end);
}

bool read_value(TextScanner& payload, std::array<std::uint8_t, 16>& id) {
  return read_quoted(payload, 32,
                     [&](std::string_view text) { return from_hex(text, id.data(), id.size()); });
}

bool read_value(TextScanner& payload, Subject& subject) {
  const auto parse = [&](std::string_view text) {
    const auto parsed = parse_subject(text);
    if (parsed.has_value()) subject = *parsed;
    return parsed.has_value();
  };
  return read_quoted(payload, 36, parse);
}

bool read_value(TextScanner& payload, AddressFingerprint& fingerprint) {
  return read_quoted(payload, encoded_fingerprint_size,
                     [&](std::string_view text) { return decode_base64url(text, fingerprint.bytes); });
}

bool read_value(TextScanner& payload, std::int64_t& number) {
  const auto taken = payload.take_integer();
  if (taken.has_value()) number = *taken;
  return taken.has_value();
}

std::string seal_payload(const OwnTokenHeader& header, std::string_view payload, const HmacKey& key) {
  std::string token;
  token.reserve(max_own_token_size);
  token += header.text();
  append_base64url(token, view_bytes(payload));
  const Sha256Digest tag = key.tag(token);
  token += '.';
  append_base64url(token, tag);
  return token;
}

std::optional<std::string> open_payload(const OwnTokenHeader& header, std::string_view token,
                                        std::span<const HmacKey* const> keys) {
  const std::string_view start = header.text();
  if (token.size() > max_own_token_size || !token.starts_with(start)) return std::nullopt;
  const std::size_t dot = token.find('.', start.size());
  if (dot == std::string_view::npos) return std::nullopt;
  Sha256Digest tag;
  if (!decode_base64url(token.substr(dot + 1), tag)) return std::nullopt;

  bool authentic = false;
  for (const HmacKey* const key : keys) authentic = authentic || key->verify(token.substr(0, dot), tag);
  if (!authentic) return std::nullopt;

  const std::string_view encoded = token.substr(start.size(), dot - start.size());
  std::string payload(encoded.size() * 3 / 4, '\0');
  const std::span<std::uint8_t> bytes(reinterpret_cast<std::uint8_t*>(payload.data()), payload.size());
  if (!decode_base64url(encoded, bytes)) return std::nullopt;
  return payload;
}

}  // namespace latchkey::crypto::jose::detail
