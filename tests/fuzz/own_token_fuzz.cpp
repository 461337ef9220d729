#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/jose/confirmation_token.h"
#include "crypto/jose/link_token.h"
#include "crypto/jose/refresh_token.h"

/// The input is a token as a client sends it; then, under the right header of each kind and the right tag, a
/// payload; then a header. Whatever is taken must be what we would write, byte for byte, and be taken as one
/// kind only.
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

constexpr auto reset_token_form = jose::link_token_form("pr+jwt");

/// Whether the token is of this kind.
template <class Form>
bool is_taken(const Form& form, std::string_view token) {
  static const std::array<const HmacKey*, 1> keys{&key()};
  const auto claims = jose::read_own_token(form, token, keys);
  if (claims) require(jose::make_own_token(form, *claims, key()) == token);
  return claims.has_value();
}

int kinds_of(std::string_view token) {
  return is_taken(jose::refresh_token_form, token) + is_taken(jose::confirmation_token_form, token) +
         is_taken(reset_token_form, token) + is_taken(jose::handle_token_form, token);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  require(kinds_of(input) == 0);
  for (const std::string_view typ : {"rt+jwt", "ec+jwt", "pr+jwt", "ch+jwt"}) {
    const std::string header = R"({"alg":"HS256","typ":")" + std::string(typ) + R"("})";
    require(kinds_of(sign(header, input)) <= 1);
  }
  require(kinds_of(sign(input, R"({"sid":"000102030405060708090a0b0c0d0e0f","gen":1,"iat":1,"exp":2})")) <=
          1);
  return 0;
}
