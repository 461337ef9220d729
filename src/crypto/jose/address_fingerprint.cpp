#include "crypto/jose/address_fingerprint.h"

#include <algorithm>

#include "crypto/sha256.h"

namespace latchkey::crypto::jose {

AddressFingerprint address_fingerprint(std::string_view email_key) {
  const Sha256Digest digest = sha256(email_key);
  AddressFingerprint fingerprint;
  std::copy_n(digest.begin(), fingerprint.bytes.size(), fingerprint.bytes.begin());
  return fingerprint;
}

}  // namespace latchkey::crypto::jose
