// What the cryptography of a sign-in's step costs at least, and nothing else.
//
//   limit_steps totp|passkey --seconds S
//
// totp: AES-256-GCM opens a secret, HMAC-SHA-1 makes the three codes that are good. passkey: a P-256 key is
// made of its coordinates, and verifies one signature. Either ends with the ES256 signature of an access
// token.

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include <array>

#include "measure.h"

namespace latchkey::bench {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

void demand(bool succeeded, const char* what) {
  if (!succeeded) give_up(what);
}

/// Signs on one kept context.
class Signer {
 public:
  Signer() : key_(EVP_EC_gen("P-256")), context_(EVP_PKEY_CTX_new_from_pkey(nullptr, key_, nullptr)) {
    demand(context_ != nullptr && EVP_PKEY_sign_init(context_) == 1, "OpenSSL makes no P-256 key");
  }
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  ~Signer() {
    EVP_PKEY_CTX_free(context_);
    EVP_PKEY_free(key_);
  }
  std::size_t sign(const Digest& digest, std::array<unsigned char, 80>& signature) {
    std::size_t size = signature.size();
    demand(EVP_PKEY_sign(context_, signature.data(), &size, digest.data(), digest.size()) == 1,
           "no signature");
    return size;
  }
  EVP_PKEY* key() const { return key_; }

 private:
  EVP_PKEY* key_;
  EVP_PKEY_CTX* context_;
};

class Totp {
 public:
  Totp() {
    int size = 0;
    demand(EVP_EncryptInit_ex2(context_, EVP_aes_256_gcm(), key_.data(), nonce_.data(), nullptr) == 1 &&
               EVP_EncryptUpdate(context_, sealed_.data(), &size, secret_.data(), secret_.size()) == 1 &&
               EVP_EncryptFinal_ex(context_, sealed_.data() + size, &size) == 1 &&
               EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG, tag_.size(), tag_.data()) == 1,
           "OpenSSL seals nothing");
  }
  Totp(const Totp&) = delete;
  Totp& operator=(const Totp&) = delete;
  ~Totp() { EVP_CIPHER_CTX_free(context_); }
  void prove() {
    std::array<unsigned char, 20> opened{};
    int size = 0;
    demand(EVP_DecryptInit_ex2(context_, EVP_aes_256_gcm(), key_.data(), nonce_.data(), nullptr) == 1 &&
               EVP_DecryptUpdate(context_, opened.data(), &size, sealed_.data(), sealed_.size()) == 1 &&
               EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, tag_.size(), tag_.data()) == 1 &&
               EVP_DecryptFinal_ex(context_, opened.data() + size, &size) == 1,
           "OpenSSL opens nothing");
    for (unsigned char step = 0; step < 3; ++step) {
      const std::array<unsigned char, 8> counter{0, 0, 0, 0, 0, 0, 7, step};
      std::array<unsigned char, 20> mac{};
      unsigned int length = mac.size();
      demand(HMAC(EVP_sha1(), opened.data(), opened.size(), counter.data(), counter.size(), mac.data(),
                  &length) != nullptr,
             "OpenSSL makes no HMAC");
    }
  }

 private:
  std::array<unsigned char, 32> key_{1};
  std::array<unsigned char, 12> nonce_{2};
  std::array<unsigned char, 20> secret_{3};
  std::array<unsigned char, 20> sealed_{};
  std::array<unsigned char, 16> tag_{};
  EVP_CIPHER_CTX* context_ = EVP_CIPHER_CTX_new();
};

class Passkey {
 public:
  Passkey() {
    std::size_t size = 0;
    demand(EVP_PKEY_get_octet_string_param(owner_.key(), OSSL_PKEY_PARAM_PUB_KEY, point_.data(),
                                           point_.size(), &size) == 1,
           "OpenSSL has no point");
    signed_size_ = owner_.sign(digest_, signature_);
  }
  void prove() {
    std::array<char, 6> group{"P-256"};
    const std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point_.data(), point_.size()),
        OSSL_PARAM_construct_end()};
    EVP_PKEY* key = nullptr;
    EVP_PKEY_CTX* const maker = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
    demand(EVP_PKEY_fromdata_init(maker) == 1 &&
               EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY,
                                 const_cast<OSSL_PARAM*>(parameters.data())) == 1,
           "OpenSSL makes no key of a point");
    EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr);
    demand(EVP_PKEY_verify_init(context) == 1 &&
               EVP_PKEY_verify(context, signature_.data(), signed_size_, digest_.data(), digest_.size()) == 1,
           "the signature is wrong");
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(maker);
  }

 private:
  Signer owner_;
  Digest digest_{};
  std::array<unsigned char, 65> point_{};
  std::array<unsigned char, 80> signature_{};
  std::size_t signed_size_ = 0;
};

template <class Proof>
int run(const Arguments& arguments) {
  const double seconds = arguments.number("seconds", 1);
  Proof proof;
  Signer signer;
  std::array<unsigned char, 400> token{};
  std::array<unsigned char, 80> signature{};
  Digest digest{};
  const auto one = [&] {
    proof.prove();
    SHA256(token.data(), token.size(), digest.data());
    token[0] = signature[signer.sign(digest, signature) - 1];
  };
  one();
  const Stopwatch watch;
  std::uint64_t done = 0;
  for (; watch.elapsed() < seconds; ++done) one();
  watch.report(done);
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) {
  using namespace latchkey::bench;
  const Arguments arguments(argc, argv);
  if (arguments.positional(0) == "totp") return run<Totp>(arguments);
  if (arguments.positional(0) == "passkey") return run<Passkey>(arguments);
  give_up("say totp or passkey");
}
