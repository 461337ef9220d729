#include "crypto/jose/key_set.h"

#include "base/bytes.h"
#include "base/json.h"
#include "crypto/sha256.h"

namespace latchkey::crypto::jose {

std::string key_id(const P256Point& point) {
  // RFC 7638 §3.2: the required members, in the order of their names, without white space.
  std::string jwk = R"({"crv":"P-256","kty":"EC","x":")";
  append_base64url(jwk, point.x);
  jwk += R"(","y":")";
  append_base64url(jwk, point.y);
  jwk += R"("})";
  return encode_base64url(sha256(jwk));
}

const VerifyKey* KeySet::find(std::string_view kid) const {
  for (const NamedVerifyKey& named : keys_) {
    if (named.kid == kid) return &named.key;
  }
  return nullptr;
}

std::string KeySet::jwks() const {
  std::string json = R"({"keys":[)";
  for (const NamedVerifyKey& named : keys_) {
    if (json.back() == '}') json += ',';
    json += R"({"kty":"EC","crv":"P-256","x":")";
    append_base64url(json, named.key.point().x);
    json += R"(","y":")";
    append_base64url(json, named.key.point().y);
    json += R"(","use":"sig","alg":"ES256","kid":)";
    append_json_string(json, named.kid);
    json += '}';
  }
  json += "]}";
  return json;
}

}  // namespace latchkey::crypto::jose
