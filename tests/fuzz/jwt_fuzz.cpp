#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/jose/access_token.h"
#include "crypto/jose/jws.h"

/// The input is a token as a client sends it; then, wrapped and rightly signed, the header and the payload of
/// one. Nothing that we did not write may be taken, and what is taken must hold to its own time.
namespace {

using namespace latchkey;
using crypto::HmacKey;
using namespace latchkey::crypto::jose;

const SigningKey& key() {
  static const SigningKey made = SigningKey::generate();
  return made;
}

const std::string& kid() {
  static const std::string made = key_id(key().point());
  return made;
}

const KeySet& keys() {
  static const KeySet made = [] {
    std::vector<NamedVerifyKey> named;
    named.push_back({kid(), key().verify_key()});
    return KeySet{std::move(named)};
  }();
  return made;
}

constexpr std::int64_t now = 1'800'000'000;

constexpr ExpectedAudience expected{"https://auth.example", "https://api.example", "latchkey"};

const HmacKey& nonces() {
  static const HmacKey made{Secret{"nonces"}};
  return made;
}

const std::string& start() {
  static const std::string made = access_token_start(kid());
  return made;
}

std::optional<AccessClaims> verify(std::string_view token) {
  return verify_access_token(token, keys(), expected, now);
}

std::optional<SessionClaims> recognize(std::string_view token) {
  const HmacKey* const list[] = {&nonces()};
  return recognize_access_token(token, start(), key(), list, expected, now);
}

std::string sign(std::string_view header, std::string_view payload) {
  std::string token = encode_base64url(view_bytes(header)) + '.' + encode_base64url(view_bytes(payload));
  const Es256Signature signature = key().sign(view_bytes(token), nonces());
  return token + '.' + encode_base64url(signature);
}

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  require(!verify(input) && !recognize(input));  // nobody but us has the key

  if (const auto jws = split_compact(input)) {
    // One spelling: what was taken apart goes together again byte for byte.
    const std::string again = encode_base64url(view_bytes(jws->header)) + '.' +
                              encode_base64url(view_bytes(jws->payload)) + '.' +
                              encode_base64url(jws->signature);
    require(again == input);
    static_cast<void>(parse_jose_header(jws->header));
  }

  if (const auto header = parse_jose_header(input)) require(!header->alg.empty());
  const auto by_header = verify(sign(input, "{}"));
  require(!by_header);

  // What the quick way takes is taken by the other.
  const std::string shown = sign(R"({"alg":"ES256","typ":"at+jwt","kid":")" + kid() + "\"}", input);
  if (recognize(shown)) require(verify(shown).has_value());

  const std::string header = R"({"alg":"ES256","typ":"at+jwt","kid":")" + kid() + "\"}";
  if (const auto claims = verify(sign(header, input))) {
    require(claims->exp > now && claims->iat <= now + max_clock_skew_seconds &&
            claims->aud == "https://api.example");
    // A change of what we made is a token that we did not make.
    std::string token = make_access_token(*claims, start(), key(), nonces());
    require(verify(token).has_value());
    if (const auto own = recognize(token)) require(own->sid == claims->sid && own->exp == claims->exp);
    token[size % token.size()] = static_cast<char>(token[size % token.size()] ^ 1);
    require(!verify(token) && !recognize(token));
  }
  return 0;
}
