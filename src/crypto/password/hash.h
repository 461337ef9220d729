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

/// What a stored hash may cost to verify, so that nobody's hash takes the memory or the threads from the
/// others: memory, and KiB × passes, of which 2^22 take about two seconds of one core. A hash of `today`'s
/// parameters is within the bounds whatever the settings ask for.
inline constexpr std::uint32_t max_stored_memory_kib = 128 * 1024;
inline constexpr std::uint64_t max_stored_work = 1ULL << 22;
/// The longest text that is looked at.
inline constexpr std::size_t max_stored_size = 512;

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
/// cut off there. A stored hash beyond the bounds (`find_hash_problem`) is unreadable, and never computed.
Verification verify_password(const std::string& stored, const Secret& raw, const Secret& nfc,
                             HashArena& arena, const Argon2Parameters& today = {});

/// Whether a right password should be hashed again: another kind of hash, or other parameters than today's.
bool needs_rehash(std::string_view stored, const Argon2Parameters& today);

/// Whether the stored hash was made from the whole password. bcrypt reads 72 bytes, so a longer password
/// that matches may differ from the owner's behind them: no new hash may be made from it.
bool covers_whole(std::string_view stored, const TriedPassword& tried);

/// Why `verify_password` would not read a stored hash: the end of a sentence that begins with "the hash".
/// Nothing, if it would. What an operator loads is judged by the same rule.
std::optional<std::string_view> find_hash_problem(std::string_view stored, const Argon2Parameters& today);
inline bool is_acceptable_hash(std::string_view stored, const Argon2Parameters& today = {}) {
  return !find_hash_problem(stored, today).has_value();
}

/// A PHC string of `today`'s cost with a random salt and tag, for accounts that do not exist: verifying
/// against it takes as long as against a real one and never matches.
std::string make_dummy_hash(const Argon2Parameters& today);

}  // namespace latchkey::crypto::password
