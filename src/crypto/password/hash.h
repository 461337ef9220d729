#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "crypto/password/argon2id.h"

namespace latchkey::crypto::password {

/// Stored passwords: PHC strings of Argon2id (`$argon2id$v=19$m=…,t=…,p=…$salt$tag`, what Latchkey writes)
/// and bcrypt (`$2a$`,
/// `$2b$`, `$2y$`, brought from elsewhere and replaced at the next sign-in). These functions take
/// milliseconds by design: call them on a hashing thread (crypto/password/hashing_pool.h).

enum class Verification : std::uint8_t {
  matches,
  differs,
  unreadable,  ///< the stored text is no hash that Latchkey accepts: nobody can sign in with it
};

/// A password that somebody tries, held once: a hash of ours is compared with its NFC form, which for nearly
/// everybody is what was sent.
struct TriedPassword {
  Secret nfc;
  std::optional<Secret> raw;  ///< as it was sent, where that differs

  const Secret& as_sent() const { return raw.has_value() ? *raw : nfc; }
};

/// A PHC string with a fresh 16-byte salt and a 32-byte tag. Throws std::bad_alloc.
std::string hash_password(const Secret& nfc_password, const Argon2Parameters& parameters, HashArena& arena);

/// Argon2id is compared with the NFC form. bcrypt is compared with the raw bytes, as older services hashed
/// them, then with NFC where that differs; it never matches a password with a NUL in it, which bcrypt would
/// cut off there. A stored hash beyond the bounds is unreadable, and never computed.
Verification verify_password(const std::string& stored, const Secret& raw, const Secret& nfc,
                             HashArena& arena);

/// Whether a right password should be hashed again: another kind of hash, or other parameters than today's.
bool needs_rehash(std::string_view stored, const Argon2Parameters& today);

/// What an operator may load: `verify_password` reads it, and takes a few seconds of one core at most.
bool is_acceptable_hash(std::string_view stored);

/// A PHC string of `today`'s cost with a random salt and tag, for accounts that do not exist: verifying
/// against it takes as long as against a real one and never matches.
std::string make_dummy_hash(const Argon2Parameters& today);

}  // namespace latchkey::crypto::password
