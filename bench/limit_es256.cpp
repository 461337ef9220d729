// What one ES256 signature costs at least: SHA-256 of a token's worth of text and OpenSSL's signature of it,
// on one kept context.
//
//   limit_es256 --seconds S

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

#include "measure.h"

namespace latchkey::bench {
namespace {

int run(const Arguments& arguments) {
  const double seconds = arguments.number("seconds", 1);
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  EVP_PKEY_CTX* const context = key == nullptr ? nullptr : EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr);
  if (context == nullptr || EVP_PKEY_sign_init(context) != 1) give_up("OpenSSL makes no P-256 key");

  std::array<unsigned char, 400> text{};
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  std::array<unsigned char, 80> signature{};
  const auto one = [&] {
    std::size_t size = signature.size();
    SHA256(text.data(), text.size(), digest.data());
    if (EVP_PKEY_sign(context, signature.data(), &size, digest.data(), digest.size()) != 1)
      give_up("no signature");
    text[0] = signature[size - 1];
  };
  one();
  const Stopwatch watch;
  std::uint64_t done = 0;
  for (; watch.elapsed() < seconds; ++done) one();
  watch.report(done);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) { return latchkey::bench::run(latchkey::bench::Arguments(argc, argv)); }
