#include "crypto/jose/confirmation_token.h"

#include <algorithm>

#include "base/bytes.h"
#include "crypto/jose/hs256.h"
#include "crypto/sha256.h"

namespace latchkey::crypto::jose {
namespace {

constexpr std::string_view header = R"({"alg":"HS256","typ":"ec+jwt"})";
constexpr std::size_t encoded_fingerprint_size = 22;

std::string make_payload(const ConfirmationClaims& claims) {
  std::string payload = R"({"jti":")";
  payload += to_string(claims.link);
  payload += R"(","sub":")";
  payload += to_string(claims.sub);
  payload += R"(","adr":")";
  append_base64url(payload, claims.address);
  payload += R"(","iat":)";
  payload += std::to_string(claims.iat);
  payload += R"(,"exp":)";
  payload += std::to_string(claims.exp);
  payload += '}';
  return payload;
}

std::optional<ConfirmationClaims> read_payload(std::string_view payload) {
  TextScanner scanner{payload};
  if (!scanner.skip(R"({"jti":")")) return std::nullopt;
  const auto jti = scanner.take(32);
  if (!jti || !scanner.skip(R"(","sub":")")) return std::nullopt;
  const auto sub = scanner.take(36);
  if (!sub || !scanner.skip(R"(","adr":")")) return std::nullopt;
  const auto adr = scanner.take(encoded_fingerprint_size);
  if (!adr || !scanner.skip(R"(","iat":)")) return std::nullopt;
  const auto iat = scanner.take_integer();
  if (!iat || !scanner.skip(R"(,"exp":)")) return std::nullopt;
  const auto exp = scanner.take_integer();
  const auto link = parse_id<LinkId>(*jti);
  const auto subject = parse_subject(*sub);
  AddressFingerprint address{};
  if (!exp || !link || !subject || !decode_base64url(*adr, address)) return std::nullopt;
  return ConfirmationClaims{*link, *subject, address, *iat, *exp};
}

}  // namespace

AddressFingerprint address_fingerprint(std::string_view email_key) {
  const Sha256Digest digest = sha256(email_key);
  AddressFingerprint fingerprint{};
  std::copy_n(digest.begin(), fingerprint.size(), fingerprint.begin());
  return fingerprint;
}

std::string make_confirmation_token(const ConfirmationClaims& claims, const HmacKey& key) {
  return make_hs256(header, make_payload(claims), key);
}

std::optional<ConfirmationClaims> verify_confirmation_token(std::string_view token,
                                                            std::span<const HmacKey* const> keys) {
  const std::optional<std::string> payload = open_hs256(token, header, keys);
  if (!payload) return std::nullopt;
  std::optional<ConfirmationClaims> claims = read_payload(*payload);
  if (!claims || make_payload(*claims) != *payload) return std::nullopt;
  return claims;
}

}  // namespace latchkey::crypto::jose
