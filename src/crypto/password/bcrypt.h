#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/secret.h"

/// bcrypt hashes of other programs. For this room's .cpp files.
namespace latchkey::crypto::password {

/// The most that is computed: 2^15 rounds take two seconds.
inline constexpr int max_bcrypt_cost = 15;
/// What bcrypt reads of a password.
inline constexpr std::size_t bcrypt_reads = 72;

/// `$2a$`, `$2b$` or `$2y$`, a cost from 04 to 15, 22 characters of salt and 31 of hash.
bool is_bcrypt(std::string_view stored);
/// The same with a higher cost, up to 31.
bool is_costly_bcrypt(std::string_view stored);

/// Whether `stored`, of which `is_bcrypt` is true, was made from these bytes. A password with a NUL never
/// matches. bcrypt reads the first 72 bytes, and so does this: the hash was made from them. Throws
/// std::runtime_error when libcrypt has no bcrypt.
bool bcrypt_matches(const std::string& stored, const Secret& password);

}  // namespace latchkey::crypto::password
