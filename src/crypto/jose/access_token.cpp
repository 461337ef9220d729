#include "crypto/jose/access_token.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>

#include "base/bytes.h"
#include "base/json.h"
#include "base/text_scanner.h"
#include "crypto/jose/jws.h"

namespace latchkey::crypto::jose {
namespace {

constexpr std::string_view algorithm = "ES256";
/// Digits of a subject, of a session's id and of a `jti`, as they are written.
constexpr std::size_t subject_size = 36;
constexpr std::size_t session_size = 32;
constexpr std::size_t token_id_size = 22;
constexpr std::size_t token_id_bytes = 16;
/// More than any payload of ours has with a public URL of usual length.
constexpr std::size_t most_quick_bytes = 1024;
/// RFC 9068 §2.1. No other token of ours carries it, so none of them can pass for an access token (T11).
constexpr std::string_view type = "at+jwt";

void append_member(std::string& json, std::string_view name, std::string_view text) {
  json += json.empty() ? '{' : ',';
  append_json_string(json, name);
  json += ':';
  append_json_string(json, text);
}

void append_member(std::string& json, std::string_view name, std::int64_t number) {
  json += json.empty() ? '{' : ',';
  append_json_string(json, name);
  json += ':';
  json += std::to_string(number);
}

/// The claims of a payload whose signature is right. Each `read` says no to a claim that is missing or of
/// another type.
class ClaimReader {
 public:
  explicit ClaimReader(const boost::json::object& claims) : claims_(claims) {}

  bool read(std::string_view name, std::string& text) const {
    const boost::json::value* const value = find(name);
    if (value == nullptr || !value->is_string()) return false;
    text.assign(value->get_string().data(), value->get_string().size());
    return true;
  }

  /// A whole number from 0; not a float, not a text, not past 64 bits (T09).
  bool read(std::string_view name, std::int64_t& seconds) const {
    const boost::json::value* const value = find(name);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return false;
    seconds = value->get_int64();
    return true;
  }

  bool has(std::string_view name) const { return find(name) != nullptr; }

 private:
  const boost::json::value* find(std::string_view name) const { return claims_.if_contains(name); }
  const boost::json::object& claims_;
};

std::optional<AccessClaims> read_claims(const ClaimReader& reader) {
  AccessClaims claims;
  std::string sub;
  std::string sid;
  std::string role;
  const bool complete = reader.read("iss", claims.iss) && reader.read("aud", claims.aud) &&
                        reader.read("client_id", claims.client_id) && reader.read("sub", sub) &&
                        reader.read("sid", sid) && reader.read("jti", claims.jti) &&
                        reader.read("iat", claims.iat) && reader.read("exp", claims.exp) &&
                        reader.read("role", role);
  if (!complete || claims.jti.empty()) return std::nullopt;
  const std::optional<Subject> subject = parse_subject(sub);
  const std::optional<SessionId> session = parse_id<SessionId>(sid);
  const std::optional<Role> parsed_role = parse_role(role);
  if (!subject || !session || !parsed_role) return std::nullopt;
  claims.sub = *subject;
  claims.sid = *session;
  claims.role = *parsed_role;
  return claims;
}

bool inside_its_time(std::int64_t iat, std::int64_t exp, std::int64_t now) {
  return now < exp && iat < exp && iat <= now + max_clock_skew_seconds;
}

/// We never write `nbf`; a token of ours that has one was written by a later version that means it.
bool already_valid(const ClaimReader& reader, std::int64_t now) {
  std::int64_t not_before = 0;
  if (!reader.has("nbf")) return true;
  return reader.read("nbf", not_before) && not_before <= now + max_clock_skew_seconds;
}

/// Reads the payload as `make_access_token` writes it; nothing for anything else, such as a text with an
/// escape.
std::optional<SessionClaims> read_own_payload(std::string_view payload, const ExpectedAudience& expected,
                                              std::int64_t now) {
  TextScanner scanner{payload};
  const auto skip_text = [&](std::string_view before, std::string_view text) {
    return scanner.skip(before) && scanner.skip(text);
  };
  if (!skip_text(R"({"iss":")", expected.iss) || !skip_text(R"(","aud":")", expected.aud) ||
      !skip_text(R"(","client_id":")", expected.client_id) || !scanner.skip(R"(","sub":")")) {
    return std::nullopt;
  }
  const auto sub = scanner.take(subject_size);
  if (!sub || !scanner.skip(R"(","sid":")")) return std::nullopt;
  const auto sid = scanner.take(session_size);
  if (!sid || !scanner.skip(R"(","jti":")")) return std::nullopt;
  const auto jti = scanner.take(token_id_size);
  std::array<std::uint8_t, token_id_bytes> token_id;
  if (!jti || !decode_base64url(*jti, token_id) || !scanner.skip(R"(","iat":)")) return std::nullopt;
  const auto iat = scanner.take_integer();
  if (!iat || *iat < 0 || !scanner.skip(R"(,"exp":)")) return std::nullopt;
  const auto exp = scanner.take_integer();
  if (!exp || !scanner.skip(R"(,"role":")") || !inside_its_time(*iat, *exp, now)) return std::nullopt;
  const std::string_view role = scanner.rest();
  const auto subject = parse_subject(*sub);
  const auto session = parse_id<SessionId>(*sid);
  if (!subject || !session || !role.ends_with(R"("})") || !parse_role(role.substr(0, role.size() - 2)))
    return std::nullopt;
  return SessionClaims{.sub = *subject, .sid = *session, .exp = *exp};
}

}  // namespace

std::string access_token_start(std::string_view kid) {
  std::string header;
  append_member(header, "alg", algorithm);
  append_member(header, "typ", type);
  append_member(header, "kid", kid);
  header += '}';
  return encode_base64url(view_bytes(header)) + '.';
}

std::string make_access_token(const AccessClaims& claims, std::string_view start, const SigningKey& key,
                              const HmacKey& nonces) {
  std::string payload;
  payload.reserve(512);
  append_member(payload, "iss", claims.iss);
  append_member(payload, "aud", claims.aud);
  append_member(payload, "client_id", claims.client_id);
  append_member(payload, "sub", to_string(claims.sub));
  append_member(payload, "sid", to_string(claims.sid));
  append_member(payload, "jti", claims.jti);
  append_member(payload, "iat", claims.iat);
  append_member(payload, "exp", claims.exp);
  append_member(payload, "role", to_string(claims.role));
  payload += '}';

  std::string token;
  token.reserve(start.size() + 2 * payload.size() + 96);  // a third more as digits, and the signature
  token += start;
  append_base64url(token, view_bytes(payload));
  const Es256Signature signature = key.sign(view_bytes(token), nonces);
  token += '.';
  append_base64url(token, signature);
  return token;
}

std::optional<SessionClaims> recognize_access_token(std::string_view token, std::string_view start,
                                                    const SigningKey& key,
                                                    std::span<const HmacKey* const> nonces,
                                                    const ExpectedAudience& expected, std::int64_t now) {
  Es256Signature signature;
  constexpr std::size_t signature_digits = (sizeof signature * 4 + 2) / 3;
  if (!token.starts_with(start) || token.size() <= start.size() + signature_digits) return std::nullopt;
  const std::string_view input = token.substr(0, token.size() - signature_digits - 1);
  if (token[input.size()] != '.' || !decode_base64url(token.substr(input.size() + 1), signature))
    return std::nullopt;

  const std::string_view digits = input.substr(std::min(start.size(), input.size()));
  std::array<std::uint8_t, most_quick_bytes> memory;
  const std::span<std::uint8_t> payload(memory.data(), std::min(memory.size(), digits.size() * 3 / 4));
  // Refused here: another dot, and what is no base64url or too long.
  if (!decode_base64url(digits, payload)) return std::nullopt;
  const auto made_with = [&](const HmacKey* nonce) { return key.made(view_bytes(input), signature, *nonce); };
  if (!std::ranges::any_of(nonces, made_with)) return std::nullopt;
  return read_own_payload(view_text(payload), expected, now);
}

std::optional<AccessClaims> verify_access_token(std::string_view token, const KeySet& keys,
                                                const ExpectedAudience& expected, std::int64_t now) {
  const std::optional<CompactJws> jws = split_compact(token);
  if (!jws) return std::nullopt;
  const std::optional<JoseHeader> header = parse_jose_header(jws->header);
  // RFC 8725 §3.1: the algorithm is the key's, never the token's choice; a `kid` names one of our P-256 keys
  // or none.
  if (!header || header->alg != algorithm || header->typ != type) return std::nullopt;
  const VerifyKey* const key = keys.find(header->kid);
  if (key == nullptr || !key->verify(view_bytes(jws->signing_input), jws->signature)) return std::nullopt;

  const Result<boost::json::value> payload = parse_json(jws->payload);
  if (!payload || !payload->is_object()) return std::nullopt;
  const ClaimReader reader{payload->get_object()};
  std::optional<AccessClaims> claims = read_claims(reader);
  if (!claims || claims->iss != expected.iss || claims->aud != expected.aud ||
      claims->client_id != expected.client_id) {
    return std::nullopt;
  }
  if (!inside_its_time(claims->iat, claims->exp, now) || !already_valid(reader, now)) return std::nullopt;
  return claims;
}

}  // namespace latchkey::crypto::jose
