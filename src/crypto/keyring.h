#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "base/secret.h"
#include "crypto/hmac.h"
#include "crypto/jose/es256.h"

namespace latchkey::crypto {

/// What a key of HMAC-SHA256 is for. Each has a label of its own (keyring.cpp), which is never given a second
/// meaning: tokens are out there that were made with it.
enum class KeyUse : std::uint8_t {
  refresh_token,
  confirmation_link,
  reset_link,
  mail_code,        ///< the codes in mails, of every purpose
  code_handle,      ///< what the client that asked for such a mail holds
  cursor,           ///< where the next page of a list begins
  signature_nonce,  ///< of the signatures of access tokens: as secret as the signing keys themselves
  device,           ///< names the devices of an account; the same in every epoch
  invitation_link,
  login_token,  ///< a sign-in that is under way
  passkey_challenge,
  totp_enrolment,  ///< the secret that an authenticator app was shown, before it is confirmed
  sign_in_link,    ///< links and handles of mailed codes for signing in
  email_change_link,
  email_undo_link,
  not_me_link,
  keep_account_link,  ///< stops a deletion
  keep_factors_link,  ///< stops the removal of lost factors
  browser_session,    ///< the cookie of a session that a browser holds
  form_token,         ///< goes with the forms of pages, against requests that another site makes
};

/// Every key that comes from the master secrets, derived once. Immutable, and shared by all threads without a
/// lock.
///
/// New tokens and wrappings use the current master; the previous ones verify and decrypt only. `epoch` is the
/// store's, moved by a restore: a keyring of another epoch recognises nothing of this one, neither tokens nor
/// wrapped signing keys. The exception is KeyUse::device, which makes nothing that anybody could hold: a
/// restore must not make every account forget its devices.
class Keyring {
 public:
  /// Masters are at least 16 bytes (a shorter one is a bug: settings refuse it first).
  Keyring(const Secret& current, std::span<const Secret> previous, std::int64_t epoch);

  /// Makes what is for this use.
  const HmacKey& key(KeyUse use) const { return of(use).keys.front(); }
  /// Verify it, the current one first.
  std::span<const HmacKey* const> keys(KeyUse use) const { return of(use).pointers; }

  /// A signing key for the database, encrypted under the current master and tied to its `kid`.
  Bytes wrap(const jose::SigningKey& key, std::string_view kid) const;

  struct Unwrapped {
    jose::SigningKey key;
    /// True when a previous master opened it: `latchkey keys rekey` wraps it again.
    bool under_previous_master = false;
  };
  /// The secret of an authenticator app for the database, encrypted under the current master and tied to its
  /// account. In every epoch the same: a restore must not lock out everybody who has such an app.
  Bytes seal_totp(const Secret& secret, const Subject& account) const;
  struct OpenedTotp {
    Secret secret;
    bool under_previous_master = false;
  };
  /// Nothing when no master of ours sealed it, or for another account.
  std::optional<OpenedTotp> open_totp(ByteView sealed, const Subject& account) const;

  /// Nothing when no master of ours wrapped it in this epoch, or under another `kid`.
  std::optional<Unwrapped> unwrap(std::span<const std::uint8_t> wrapped, std::string_view kid) const;

 private:
  struct HmacKeys {
    std::vector<HmacKey> keys;
    std::vector<const HmacKey*> pointers;
  };
  static HmacKeys derive_hmac_keys(std::span<const Secret* const> masters, std::string_view label,
                                   std::int64_t epoch);

  const HmacKeys& of(KeyUse use) const { return hmac_keys_[static_cast<std::size_t>(use)]; }

  std::vector<HmacKeys> hmac_keys_;  ///< in the order of KeyUse
  std::vector<Secret> wrapping_;
  std::vector<Secret> totp_;  ///< in the order of the masters
};

}  // namespace latchkey::crypto
