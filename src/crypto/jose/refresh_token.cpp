#include "crypto/jose/refresh_token.h"

#include "crypto/jose/hs256.h"

namespace latchkey::crypto::jose {
namespace {

/// `typ` keeps the token out of every place where another kind is wanted (RFC 8725 §3.11).
constexpr std::string_view header = R"({"alg":"HS256","typ":"rt+jwt"})";

std::string make_payload(const RefreshClaims& claims) {
  std::string payload = R"({"sid":")";
  payload += to_string(claims.sid);
  payload += R"(","gen":)";
  payload += std::to_string(claims.generation);
  payload += R"(,"iat":)";
  payload += std::to_string(claims.iat);
  payload += R"(,"exp":)";
  payload += std::to_string(claims.exp);
  payload += '}';
  return payload;
}

std::optional<RefreshClaims> read_payload(std::string_view payload) {
  TextScanner scanner{payload};
  if (!scanner.skip(R"({"sid":")")) return std::nullopt;
  const auto sid = scanner.take(32);
  if (!sid || !scanner.skip(R"(","gen":)")) return std::nullopt;
  const auto generation = scanner.take_integer();
  if (!generation || !scanner.skip(R"(,"iat":)")) return std::nullopt;
  const auto iat = scanner.take_integer();
  if (!iat || !scanner.skip(R"(,"exp":)")) return std::nullopt;
  const auto exp = scanner.take_integer();
  const auto session = parse_id<SessionId>(*sid);
  if (!exp || !session) return std::nullopt;
  return RefreshClaims{*session, *generation, *iat, *exp};
}

}  // namespace

std::string make_refresh_token(const RefreshClaims& claims, const HmacKey& key) {
  return make_hs256(header, make_payload(claims), key);
}

std::optional<RefreshClaims> verify_refresh_token(std::string_view token,
                                                  std::span<const HmacKey* const> keys) {
  const std::optional<std::string> payload = open_hs256(token, header, keys);
  if (!payload) return std::nullopt;
  std::optional<RefreshClaims> claims = read_payload(*payload);
  // What we would not write is not ours, whoever made its tag.
  if (!claims || make_payload(*claims) != *payload) return std::nullopt;
  return claims;
}

}  // namespace latchkey::crypto::jose
