#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/webauthn/authenticator_data.h"

/// Registration and authentication with passkeys (WebAuthn level 3, §7.1 and §7.2): pure functions of what
/// was expected and what came. Views of bytes that the caller keeps; nothing is stored, and time and
/// randomness are the caller's. Any thread may call them. They take about 100 µs, nearly all of it for one
/// signature.
namespace latchkey::crypto::webauthn {

/// What a ceremony failed at, in the order in which it is judged: that of the specification. For logs and
/// tests; a client is told only that its passkey was not taken.
enum class Check : std::uint8_t {
  user_handle,         ///< missing where nobody else names the user, or another user's
  client_data,         ///< no strict JSON, or a member is missing or of another type
  type,                ///< made for the other ceremony
  challenge,           ///< of another ceremony
  origin,              ///< of a page that is not ours
  cross_origin,        ///< made within a frame of another origin
  top_origin,          ///< the same
  attestation_object,  ///< no strict CBOR with `fmt`, `attStmt` and `authData`
  authenticator_data,  ///< not what its flags say
  reserved_flags,      ///< flags that mean nothing yet
  rp_id,               ///< made for another site
  user_present,        ///< nobody touched the authenticator
  user_verified,       ///< the authenticator asked nobody for a fingerprint, a face or a PIN, and had to
  backup_flags,        ///< backed up, though that credential can not be
  credential,          ///< a registration without one, or an assertion with one
  algorithm,           ///< of an algorithm that was not asked for
  public_key,          ///< malformed, or weak
  attestation_format,  ///< neither `none` nor `packed`
  attestation,         ///< its statement is not right
  credential_id,       ///< longer than 1,023 bytes, or not the one that the client named
  backup_eligible,     ///< changed since the registration, which it never does
  signature,           ///< not by that credential
  sign_count,          ///< not above the last one: there may be a copy of the credential
};

/// The name of a check, such as `rp_id`.
std::string_view name_of(Check check);

template <class T>
using Verified = boost::system::result<T, Check>;
/// What `value()` of a failed ceremony does: a bug, as everywhere.
[[noreturn]] void throw_exception_from_error(Check check, const boost::source_location& location);

enum class UserVerification : std::uint8_t { preferred, required };
/// `conditional`: the browser made the passkey by itself while the user signed in with a password (§5.1.3),
/// so that nobody has to have touched anything.
enum class Mediation : std::uint8_t { by_user, conditional };

/// What both ceremonies expect.
struct Expected {
  ByteView challenge;
  std::span<const std::string> origins;  ///< such as `https://example.org`
  std::string_view rp_id;                ///< such as `example.org`
  UserVerification user_verification = UserVerification::preferred;
};

struct Registration {
  ByteView id;  ///< `rawId`
  std::string_view client_data_json;
  ByteView attestation_object;
};

/// What is stored of a credential (§4, "credential record"). Views of the registration.
struct NewCredential {
  ByteView id;
  ByteView public_key;  ///< a COSE key
  std::uint32_t sign_count = 0;
  Aaguid aaguid{};
  bool is_user_verified = false;
  bool is_backup_eligible = false;
  bool is_backed_up = false;
};

/// Judges a registration (§7.1). Attestation is taken as `none` or as `packed` with a right signature; no
/// chain of certificates is judged, so it proves nothing of the maker. Whether the credential's id is new is
/// the store's to say.
Verified<NewCredential> verify_registration(const Expected& expected, Mediation mediation,
                                            const Registration& registration);

/// The stored credential that an assertion names.
struct Credential {
  ByteView public_key;
  std::uint32_t sign_count = 0;
  bool is_backup_eligible = false;
  ByteView user_handle{};  ///< of its account
};

/// Whether the account was known before the ceremony began; otherwise the assertion must name it.
enum class User : std::uint8_t { known, named_by_assertion };

struct Assertion {
  std::string_view client_data_json;
  ByteView authenticator_data;
  ByteView signature;
  std::optional<ByteView> user_handle{};
};

/// What has changed of a credential.
struct UsedCredential {
  std::uint32_t sign_count = 0;
  bool is_user_verified = false;
  bool is_backed_up = false;
};

/// Judges an assertion (§7.2) by the credential whose id it has. A counter that stays or goes back is a
/// failure, unless both are 0: such authenticators do not count.
Verified<UsedCredential> verify_assertion(const Expected& expected, User user, const Credential& credential,
                                          const Assertion& assertion);

}  // namespace latchkey::crypto::webauthn
