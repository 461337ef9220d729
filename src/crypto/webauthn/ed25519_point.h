#pragma once

#include "base/bytes.h"

namespace latchkey::crypto::webauthn {

/// Whether 32 bytes are a public key that somebody can have the private key of: a point of the curve in its
/// one spelling (RFC 8032 §5.1.3), and none of the eight of small order, for which signatures of anything can
/// be made without a key. OpenSSL 3.0 takes any 32 bytes. Not in constant time: a public key is no secret.
bool is_ed25519_point(ByteView key);

}  // namespace latchkey::crypto::webauthn
