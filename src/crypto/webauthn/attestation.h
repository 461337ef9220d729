#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "crypto/webauthn/authenticator_data.h"
#include "crypto/webauthn/cbor.h"
#include "crypto/webauthn/cose_key.h"

namespace latchkey::crypto::webauthn {

/// An attestation object in its three parts (WebAuthn §6.5).
struct AttestationObject {
  std::string_view format;
  Cbor statement;
  ByteView authenticator_data;

  /// Nothing unless `bytes` are a map of exactly these three.
  static std::optional<AttestationObject> parse(ByteView bytes);
};

/// What an attestation is about.
struct Attested {
  ByteView authenticator_data;
  Sha256Digest client_data_hash;
  const Aaguid& aaguid;
  const CoseKey& key;
};

/// Whether the format is one that `is_right_attestation` knows.
bool is_known_attestation_format(std::string_view format);

/// Whether a statement is right by its format's own procedure: `none` (§8.7) is empty; `packed` (§8.2) has a
/// signature by the credential itself or by a certificate of the form that §8.2.1 asks for. Who issued that
/// certificate is not judged.
bool is_right_attestation(const AttestationObject& object, const Attested& attested);

}  // namespace latchkey::crypto::webauthn
