#include "crypto/seal.h"

#include <openssl/evp.h>

#include <stdexcept>

#include "crypto/openssl.h"
#include "crypto/random.h"

namespace latchkey::crypto {
namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;

using CipherContext = OpensslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
enum class Direction : int { decrypt = 0, encrypt = 1 };

/// A context that has taken the key, the nonce and the associated data.
CipherContext begin(Direction direction, const Secret& key, const std::uint8_t* nonce,
                    std::string_view associated_data) {
  if (key.size() != key_size) throw std::invalid_argument("AES-256 takes a key of 32 bytes");
  static const EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  CipherContext context{EVP_CIPHER_CTX_new()};
  int written = 0;
  require(algorithm != nullptr && context != nullptr &&
              EVP_CipherInit_ex2(context.get(), algorithm, key.bytes().data(), nonce,
                                 static_cast<int>(direction), nullptr) == 1,
          "AES-256-GCM");
  const ByteView data = view_bytes(associated_data);
  require(data.empty() || EVP_CipherUpdate(context.get(), nullptr, &written, data.data(),
                                           static_cast<int>(data.size())) == 1,
          "AES-256-GCM associated data");
  return context;
}

}  // namespace

Bytes seal(const Secret& key, std::span<const std::uint8_t> plaintext, std::string_view associated_data) {
  Bytes sealed(nonce_size + plaintext.size() + tag_size);
  fill_random({sealed.data(), nonce_size});
  const CipherContext context = begin(Direction::encrypt, key, sealed.data(), associated_data);
  std::uint8_t* const ciphertext = sealed.data() + nonce_size;
  int written = 0;
  int rest = 0;
  require(plaintext.empty() || EVP_CipherUpdate(context.get(), ciphertext, &written, plaintext.data(),
                                                static_cast<int>(plaintext.size())) == 1,
          "AES-256-GCM encryption");
  require(EVP_CipherFinal_ex(context.get(), ciphertext + written, &rest) == 1 &&
              EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_size),
                                  ciphertext + plaintext.size()) == 1,
          "AES-256-GCM encryption");
  return sealed;
}

std::optional<Secret> open(const Secret& key, std::span<const std::uint8_t> sealed,
                           std::string_view associated_data) {
  if (sealed.size() < nonce_size + tag_size) return std::nullopt;
  const auto ciphertext = sealed.subspan(nonce_size, sealed.size() - nonce_size - tag_size);
  Bytes tag(sealed.end() - tag_size, sealed.end());
  const CipherContext context = begin(Direction::decrypt, key, sealed.data(), associated_data);

  Bytes plaintext(ciphertext.size());
  int written = 0;
  int rest = 0;
  std::uint8_t nothing = 0;
  const bool authentic =
      (ciphertext.empty() || EVP_CipherUpdate(context.get(), plaintext.data(), &written, ciphertext.data(),
                                              static_cast<int>(ciphertext.size())) == 1) &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_size), tag.data()) ==
          1 &&
      EVP_CipherFinal_ex(context.get(), plaintext.empty() ? &nothing : plaintext.data() + written, &rest) ==
          1;
  std::optional<Secret> opened;
  if (authentic) opened.emplace(ByteView{plaintext});
  wipe(plaintext.data(), plaintext.size());
  return opened;
}

}  // namespace latchkey::crypto
