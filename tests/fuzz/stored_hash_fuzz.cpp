// Stored password hashes (PHC strings and bcrypt) that an import or the store brings: they are judged without
// being computed, and one of ours is never refused.
#include <cstdint>
#include <string_view>

#include "crypto/password/bcrypt.h"
#include "crypto/password/hash.h"
#include "fuzz/require.h"

using namespace latchkey::crypto::password;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view stored(reinterpret_cast<const char*>(data), size);
  static const Argon2Parameters today{};
  const bool acceptable = is_acceptable_hash(stored);
  if (acceptable) {
    require(stored.size() <= 1024 && stored.starts_with('$'));
    // What is no hash of today's is replaced at the next sign-in; what is acceptable is one or the other.
    needs_rehash(stored, today);
  } else {
    require(needs_rehash(stored, today) || !is_bcrypt(stored));
  }
  static const std::string ours = make_dummy_hash(today);
  require(is_acceptable_hash(ours) && !needs_rehash(ours, today));
  return 0;
}
