#include "crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/openssl.h"

namespace latchkey::crypto {
namespace {

OSSL_PARAM octets(const char* name, std::span<const std::uint8_t> bytes) {
  // OpenSSL reads these parameters only; its type has no const. Null would mean "not given" for the key.
  static std::uint8_t nothing = 0;
  return OSSL_PARAM_construct_octet_string(
      name, bytes.empty() ? &nothing : const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

Secret hkdf_sha256(std::span<const std::uint8_t> key_material, std::span<const std::uint8_t> salt,
                   std::span<const std::uint8_t> info, std::size_t length) {
  const OpensslPtr<EVP_KDF, EVP_KDF_free> algorithm{EVP_KDF_fetch(nullptr, "HKDF", nullptr)};
  require(algorithm != nullptr, "HKDF");
  const OpensslPtr<EVP_KDF_CTX, EVP_KDF_CTX_free> context{EVP_KDF_CTX_new(algorithm.get())};
  std::string digest = "SHA256";
  std::vector<OSSL_PARAM> parameters;
  parameters.push_back(OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0));
  parameters.push_back(octets(OSSL_KDF_PARAM_KEY, key_material));
  if (!salt.empty()) parameters.push_back(octets(OSSL_KDF_PARAM_SALT, salt));
  if (!info.empty()) parameters.push_back(octets(OSSL_KDF_PARAM_INFO, info));
  parameters.push_back(OSSL_PARAM_construct_end());

  std::vector<std::uint8_t> derived(length);
  require(context != nullptr &&
              EVP_KDF_derive(context.get(), derived.data(), derived.size(), parameters.data()) == 1,
          "HKDF");
  Secret secret{std::span<const std::uint8_t>{derived}};
  wipe(derived.data(), derived.size());
  return secret;
}

Secret derive(const Secret& master, std::string_view label, std::int64_t epoch) {
  // The label ends with a zero byte, which no label holds, and the epoch has a fixed width: no two pairs
  // share an info.
  std::string info = "latchkey ";
  info += label;
  info += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) {
    info += static_cast<char>(static_cast<std::uint64_t>(epoch) >> shift);
  }
  return hkdf_sha256(master.bytes(), {}, view_bytes(info), 32);
}

}  // namespace latchkey::crypto
