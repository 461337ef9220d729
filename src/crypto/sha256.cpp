#include "crypto/sha256.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/bytes.h"
#include "base/id.h"
#include "crypto/openssl.h"

namespace latchkey::crypto {

// OpenSSL 3 would rather have its EVP calls used, which take memory for each digest and, for something as
// short as a token, a fifth of the time. These are the same code without that.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

Sha256Digest sha256(std::span<const std::uint8_t> message) {
  SHA256_CTX context;
  Sha256Digest digest;
  require(SHA256_Init(&context) == 1 && SHA256_Update(&context, message.data(), message.size()) == 1 &&
              SHA256_Final(digest.data(), &context) == 1,
          "SHA-256");
  OPENSSL_cleanse(&context, sizeof context);
  return digest;
}

#pragma GCC diagnostic pop

Sha256Digest sha256(std::string_view message) { return sha256(view_bytes(message)); }

std::string sha256_hex(std::string_view message) {
  const Sha256Digest digest = sha256(message);
  return to_hex(digest.data(), digest.size());
}

}  // namespace latchkey::crypto
