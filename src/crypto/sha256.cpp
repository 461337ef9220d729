#include "crypto/sha256.h"

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/id.h"
#include "crypto/openssl.h"

namespace latchkey::crypto {

Sha256Digest sha256(std::span<const std::uint8_t> message) {
  // Fetched once: a fetch by name takes longer than hashing a token.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free> context{EVP_MD_CTX_new()};
  Sha256Digest digest;
  require(algorithm != nullptr && context != nullptr &&
              EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
              EVP_DigestUpdate(context.get(), message.data(), message.size()) == 1 &&
              EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1,
          "SHA-256");
  return digest;
}

Sha256Digest sha256(std::string_view message) { return sha256(view_bytes(message)); }

std::string sha256_hex(std::string_view message) {
  const Sha256Digest digest = sha256(message);
  return to_hex(digest.data(), digest.size());
}

}  // namespace latchkey::crypto
