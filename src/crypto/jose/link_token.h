#pragma once

#include <cstdint>
#include <string_view>

#include "base/id.h"
#include "crypto/jose/own_token.h"

namespace latchkey::crypto::jose {

/// What the token of a link says that a mail carries. Seconds since 1970.
struct LinkClaims {
  LinkId jti;                  ///< the id of the mail; the code in the same mail is made from it, too
  Subject sub;                 ///< the account
  AddressFingerprint address;  ///< of the mailbox that it was sent to
  std::int64_t version = 0;    ///< users.security_version when the link was made
  std::int64_t iat = 0;
  std::int64_t exp = 0;
  bool operator==(const LinkClaims&) const = default;
};

/// The form of one kind of link: kinds differ in `typ` and in their key.
consteval auto link_token_form(std::string_view typ) {
  return token_form(typ, Claim{"jti", &LinkClaims::jti}, Claim{"sub", &LinkClaims::sub},
                    Claim{"adr", &LinkClaims::address}, Claim{"ver", &LinkClaims::version},
                    Claim{"iat", &LinkClaims::iat}, Claim{"exp", &LinkClaims::exp});
}
using LinkTokenForm = decltype(link_token_form(""));

/// What the asking browser or client gets in place of the mail: without it a code is not even looked at. For
/// an address without account it is made from a random id, so that it looks the same.
struct HandleClaims {
  LinkId jti;                ///< random
  LinkId mail;               ///< the id of the mail, under a mask that follows from `jti`
  std::int64_t counted = 0;  ///< how tries with this handle are counted, under such a mask: 0 to 3
  std::int64_t iat = 0;
  std::int64_t exp = 0;  ///< of the code
  bool operator==(const HandleClaims&) const = default;
};
inline constexpr auto handle_token_form = token_form(
    "ch+jwt", Claim{"jti", &HandleClaims::jti}, Claim{"mid", &HandleClaims::mail},
    Claim{"by", &HandleClaims::counted}, Claim{"iat", &HandleClaims::iat}, Claim{"exp", &HandleClaims::exp});

}  // namespace latchkey::crypto::jose
