#include "crypto/webauthn/cose_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/openssl.h"
#include "crypto/webauthn/ed25519_point.h"

namespace latchkey::crypto::webauthn {
namespace {

using KeyContext = OpensslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
using Number = OpensslPtr<BIGNUM, BN_free>;
using ParameterBuilder = OpensslPtr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = OpensslPtr<OSSL_PARAM, OSSL_PARAM_free>;

// RFC 9052 §7.1 and RFC 9053 §7: labels of members, and their values.
constexpr std::int64_t label_kind = 1;
constexpr std::int64_t label_algorithm = 3;
constexpr std::int64_t label_curve = -1;
constexpr std::int64_t label_x = -2;
constexpr std::int64_t label_y = -3;
constexpr std::int64_t label_modulus = -1;  // RFC 8230 §4
constexpr std::int64_t label_exponent = -2;
constexpr std::int64_t kind_okp = 1;
constexpr std::int64_t kind_ec2 = 2;
constexpr std::int64_t kind_rsa = 3;
constexpr std::int64_t curve_p256 = 1;
constexpr std::int64_t curve_ed25519 = 6;

constexpr std::size_t coordinate_size = 32;
constexpr std::size_t least_modulus_bits = 2048;
constexpr std::size_t most_modulus_bits = 4096;
constexpr std::size_t most_exponent_bytes = 4;

bool has(const Cbor& key, std::int64_t label, std::int64_t value) {
  const auto member = key.find(label);
  return member && member->as_integer() == value;
}

std::optional<ByteView> bytes_of(const Cbor& key, std::int64_t label) {
  const auto member = key.find(label);
  return member ? member->as_bytes() : std::nullopt;
}

/// A key out of its parameters; null when OpenSSL does not take them.
EVP_PKEY* make_key(const char* kind, OSSL_PARAM* parameters) {
  const KeyContext context{EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr)};
  require(context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1, "public key");
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    ERR_clear_error();
    EVP_PKEY_free(key);
    return nullptr;
  }
  return key;
}

bool is_of_kind(CoseAlgorithm algorithm, const EVP_PKEY* key) {
  switch (algorithm) {
    case CoseAlgorithm::es256:
      return EVP_PKEY_is_a(key, "EC") == 1;
    case CoseAlgorithm::eddsa:
      return EVP_PKEY_is_a(key, "ED25519") == 1;
    case CoseAlgorithm::rs256:
      return EVP_PKEY_is_a(key, "RSA") == 1;
  }
  return false;
}

}  // namespace

std::optional<CoseAlgorithm> cose_algorithm(std::int64_t number) {
  for (const CoseAlgorithm algorithm : cose_algorithms)
    if (static_cast<std::int64_t>(algorithm) == number) return algorithm;
  return std::nullopt;
}

bool verify_signature(CoseAlgorithm algorithm, EVP_PKEY* key, ByteView message, ByteView signature) {
  if (!is_of_kind(algorithm, key)) return false;
  const DigestContext context{EVP_MD_CTX_new()};
  require(context != nullptr, "signature check");
  const char* const digest = algorithm == CoseAlgorithm::eddsa ? nullptr : "SHA256";
  const bool right =
      EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key, nullptr) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) ==
          1;
  if (!right) ERR_clear_error();
  return right;
}

void CoseKey::Free::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

CoseKey::CoseKey(CoseAlgorithm algorithm, Key key) : algorithm_(algorithm), key_(std::move(key)) {}
CoseKey::CoseKey(CoseKey&&) noexcept = default;
CoseKey& CoseKey::operator=(CoseKey&&) noexcept = default;
CoseKey::~CoseKey() = default;

std::optional<CoseKey> CoseKey::from(const Cbor& key) {
  const auto number = key.find(label_algorithm);
  if (!number || !number->as_integer()) return std::nullopt;
  const auto algorithm = cose_algorithm(*number->as_integer());
  if (!algorithm) return std::nullopt;
  Key made;
  switch (*algorithm) {
    case CoseAlgorithm::es256:
      made = read_p256(key);
      break;
    case CoseAlgorithm::eddsa:
      made = read_ed25519(key);
      break;
    case CoseAlgorithm::rs256:
      made = read_rsa(key);
      break;
  }
  if (!made) return std::nullopt;
  return CoseKey(*algorithm, std::move(made));
}

CoseKey::Key CoseKey::read_p256(const Cbor& key) {
  const auto x = bytes_of(key, label_x);
  const auto y = bytes_of(key, label_y);
  if (key.size() != 5 || !has(key, label_kind, kind_ec2) || !has(key, label_curve, curve_p256) || !x || !y ||
      x->size() != coordinate_size || y->size() != coordinate_size)
    return nullptr;
  std::array<std::uint8_t, 1 + 2 * coordinate_size> point{4};  // not compressed (SEC 1 §2.3.3)
  std::copy(x->begin(), x->end(), point.begin() + 1);
  std::copy(y->begin(), y->end(), point.begin() + 1 + coordinate_size);
  std::string group = "P-256";
  std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  return Key(make_key("EC", parameters.data()));  // which refuses a point that is not on the curve
}

CoseKey::Key CoseKey::read_ed25519(const Cbor& key) {
  const auto x = bytes_of(key, label_x);
  if (key.size() != 4 || !has(key, label_kind, kind_okp) || !has(key, label_curve, curve_ed25519) || !x ||
      x->size() != coordinate_size)
    return nullptr;
  if (!is_ed25519_point(*x)) return nullptr;
  Key made(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, x->data(), x->size()));
  if (!made) ERR_clear_error();
  return made;
}

CoseKey::Key CoseKey::read_rsa(const Cbor& key) {
  const auto modulus = bytes_of(key, label_modulus);
  const auto exponent = bytes_of(key, label_exponent);
  if (key.size() != 4 || !has(key, label_kind, kind_rsa) || !modulus || !exponent || modulus->empty() ||
      exponent->empty() || modulus->size() > most_modulus_bits / 8 ||
      exponent->size() > most_exponent_bytes || modulus->front() == 0 || exponent->front() == 0)
    return nullptr;
  const Number n{BN_bin2bn(modulus->data(), static_cast<int>(modulus->size()), nullptr)};
  const Number e{BN_bin2bn(exponent->data(), static_cast<int>(exponent->size()), nullptr)};
  require(n != nullptr && e != nullptr, "RSA numbers");
  // An exponent of 1 would make every message its own signature.
  if (static_cast<std::size_t>(BN_num_bits(n.get())) < least_modulus_bits || BN_is_odd(n.get()) == 0 ||
      BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1)
    return nullptr;
  const ParameterBuilder builder{OSSL_PARAM_BLD_new()};
  require(builder != nullptr && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
              OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1,
          "RSA parameters");
  const Parameters parameters{OSSL_PARAM_BLD_to_param(builder.get())};
  require(parameters != nullptr, "RSA parameters");
  return Key(make_key("RSA", parameters.get()));
}

bool CoseKey::verify(ByteView message, ByteView signature) const {
  return verify_signature(algorithm_, key_.get(), message, signature);
}

}  // namespace latchkey::crypto::webauthn
