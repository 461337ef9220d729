#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/jose/confirmation_token.h"
#include "crypto/jose/refresh_token.h"

/// The input is a token as a client sends it; then, under the right header and the right tag, a payload.
/// Whatever is taken must be what we would write, byte for byte.
namespace {

using namespace latchkey;
using namespace latchkey::crypto;

const HmacKey& key() {
  static const HmacKey made{Secret{std::string_view{"a key that only this program has"}}};
  return made;
}

std::string sign(std::string_view header, std::string_view payload) {
  std::string token = encode_base64url(view_bytes(header)) + '.' + encode_base64url(view_bytes(payload));
  const Sha256Digest tag = key().tag(token);
  return token + '.' + encode_base64url(tag);
}

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::array<const HmacKey*, 1> keys{&key()};
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  require(!verify_refresh_token(input, keys));
  require(!verify_confirmation_token(input, keys));

  const std::string refresh = sign(R"({"alg":"HS256","typ":"rt+jwt"})", input);
  if (const auto claims = verify_refresh_token(refresh, keys))
    require(make_refresh_token(*claims, key()) == refresh);
  require(!verify_confirmation_token(refresh, keys));

  const std::string confirmation = sign(R"({"alg":"HS256","typ":"ec+jwt"})", input);
  if (const auto claims = verify_confirmation_token(confirmation, keys)) {
    require(make_confirmation_token(*claims, key()) == confirmation);
  }
  require(!verify_refresh_token(confirmation, keys));

  const std::string any_header =
      sign(input, R"({"sid":"000102030405060708090a0b0c0d0e0f","gen":1,"iat":1,"exp":2})");
  if (const auto claims = verify_refresh_token(any_header, keys))
    require(make_refresh_token(*claims, key()) == any_header);
  return 0;
}
