#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "crypto/webauthn/cbor.h"

namespace latchkey::crypto::webauthn {

/// The model of an authenticator, as it says itself; zeros for one that does not say.
using Aaguid = std::array<std::uint8_t, 16>;

/// What an authenticator signs (WebAuthn §6.1). Views of bytes that the caller keeps.
struct AuthenticatorData {
  struct AttestedCredential {
    Aaguid aaguid{};
    ByteView id;
    Cbor public_key;
  };

  Sha256Digest rp_id_hash{};
  bool is_user_present = false;
  bool is_user_verified = false;
  bool is_backup_eligible = false;
  bool is_backed_up = false;
  bool has_reserved_flags = false;
  std::uint32_t sign_count = 0;
  std::optional<AttestedCredential> credential;

  /// Nothing unless `bytes` are exactly what their flags say: a credential and extensions where these are
  /// announced, each in strict CBOR, and nothing behind them.
  static std::optional<AuthenticatorData> parse(ByteView bytes);
};

}  // namespace latchkey::crypto::webauthn
