#include "crypto/jose/es256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "crypto/jose/p256_scalar.h"
#include "crypto/openssl.h"
#include "crypto/per_thread.h"
#include "crypto/sha256.h"

namespace latchkey::crypto::jose {
namespace {

using KeyContext = OpensslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Key = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using DerSignature = OpensslPtr<ECDSA_SIG, ECDSA_SIG_free>;

constexpr std::size_t coordinate_size = 32;

std::array<std::uint8_t, 65> join(const P256Point& point) {
  std::array<std::uint8_t, 65> bytes{};
  bytes[0] = 4;
  std::copy(point.x.begin(), point.x.end(), bytes.begin() + 1);
  std::copy(point.y.begin(), point.y.end(), bytes.begin() + 1 + coordinate_size);
  return bytes;
}

P256Point read_point(const EVP_PKEY* key) {
  std::array<std::uint8_t, 65> bytes{};
  std::size_t size = 0;
  require(
      EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes.data(), bytes.size(), &size) == 1 &&
          size == bytes.size() && bytes[0] == 4,
      "P-256 public point");
  P256Point point;
  std::copy_n(bytes.begin() + 1, coordinate_size, point.x.begin());
  std::copy_n(bytes.begin() + 1 + coordinate_size, coordinate_size, point.y.begin());
  return point;
}

using Number = OpensslPtr<BIGNUM, BN_clear_free>;

P256Scalar read_private_number(const EVP_PKEY* key) {
  BIGNUM* read = nullptr;
  const bool has_it = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &read) == 1;
  const Number number{read};
  P256Scalar::Bytes32 bytes{};
  require(has_it && BN_bn2binpad(number.get(), bytes.data(), coordinate_size) == coordinate_size,
          "P-256 private key");
  const P256Scalar scalar = P256Scalar::reduce(bytes);
  wipe(bytes.data(), bytes.size());
  return scalar;
}

/// A number in [1, n-1] that follows from key, message and `nonces`. Like RFC 6979 §3.2 it takes the next tag
/// where one is out of range, which happens once in 2^32 times.
P256Scalar derive_nonce(const P256Point& point, const Sha256Digest& message, const HmacKey& nonces) {
  std::array<std::uint8_t, 2 * coordinate_size + 1> input{};
  std::ranges::copy(point.x, input.begin());
  std::ranges::copy(message, input.begin() + coordinate_size);
  for (;; ++input.back()) {
    Sha256Digest tag = nonces.tag(input);
    if (!P256Scalar::is_in_range(tag)) continue;
    const P256Scalar nonce = P256Scalar::reduce(tag);
    wipe(tag.data(), tag.size());
    return nonce;
  }
}

/// The x coordinate of `times` · G, by OpenSSL's multiplication in constant time.
std::array<std::uint8_t, coordinate_size> x_of_multiple(const P256Scalar& times) {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  thread_local const OpensslPtr<BN_CTX, BN_CTX_free> scratch{BN_CTX_secure_new()};
  P256Scalar::Bytes32 bytes = times.to_bytes();
  const Number number{BN_secure_new()};
  const OpensslPtr<EC_POINT, EC_POINT_clear_free> point{EC_POINT_new(group)};
  const Number x{BN_new()};
  require(scratch != nullptr && number != nullptr && point != nullptr && x != nullptr,
          "P-256 multiplication");
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  std::array<std::uint8_t, coordinate_size> result{};
  require(BN_bin2bn(bytes.data(), coordinate_size, number.get()) != nullptr &&
              EC_POINT_mul(group, point.get(), number.get(), nullptr, nullptr, scratch.get()) == 1 &&
              EC_POINT_get_affine_coordinates(group, point.get(), x.get(), nullptr, scratch.get()) == 1 &&
              BN_bn2binpad(x.get(), result.data(), coordinate_size) == coordinate_size,
          "P-256 multiplication");
  wipe(bytes.data(), bytes.size());
  return result;
}

KeyContext new_context(EVP_PKEY* key) {
  KeyContext context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  require(context != nullptr, "P-256 context");
  return context;
}

}  // namespace

struct VerifyKey::State {
  Key key;
  P256Point point;
  std::uint64_t number = new_key_number();
};

VerifyKey::VerifyKey(std::unique_ptr<const State> state) : state_(std::move(state)) {}
VerifyKey::VerifyKey(VerifyKey&&) noexcept = default;
VerifyKey& VerifyKey::operator=(VerifyKey&&) noexcept = default;
VerifyKey::~VerifyKey() = default;

std::optional<VerifyKey> VerifyKey::from_point(const P256Point& point) {
  const KeyContext maker{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  require(maker != nullptr && EVP_PKEY_fromdata_init(maker.get()) == 1, "P-256 key from point");
  std::string group = "P-256";
  std::array<std::uint8_t, 65> bytes = join(point);
  std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes.data(), bytes.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* made = nullptr;
  if (EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.data()) != 1) return std::nullopt;
  Key key{made};
  if (EVP_PKEY_public_check(new_context(key.get()).get()) != 1) return std::nullopt;
  auto state = std::make_unique<State>();
  state->key = std::move(key);
  state->point = point;
  return VerifyKey{std::move(state)};
}

std::optional<VerifyKey> VerifyKey::from_uncompressed(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != 1 + 2 * coordinate_size || bytes[0] != 4) return std::nullopt;
  P256Point point;
  std::copy_n(bytes.begin() + 1, coordinate_size, point.x.begin());
  std::copy_n(bytes.begin() + 1 + coordinate_size, coordinate_size, point.y.begin());
  return from_point(point);
}

bool VerifyKey::verify(std::span<const std::uint8_t> message, std::span<const std::uint8_t> signature) const {
  if (signature.size() != 2 * coordinate_size) return false;
  const auto r = signature.first<coordinate_size>();
  const auto s = signature.last<coordinate_size>();
  // FIPS 186-5 §6.4.2 step 1. Zeros once passed for a signature of everything (CVE-2022-21449).
  if (!P256Scalar::is_in_range(r) || !P256Scalar::is_in_range(s)) return false;

  const DerSignature pair{ECDSA_SIG_new()};
  require(pair != nullptr, "ECDSA signature");
  require(ECDSA_SIG_set0(pair.get(), BN_bin2bn(r.data(), coordinate_size, nullptr),
                         BN_bin2bn(s.data(), coordinate_size, nullptr)) == 1,
          "ECDSA signature");
  std::array<std::uint8_t, 80> der{};  // two integers of at most 33 bytes take at most 72
  std::uint8_t* end = der.data();
  const int size = i2d_ECDSA_SIG(pair.get(), &end);
  require(size > 0, "ECDSA signature");

  thread_local PerThread<KeyContext> contexts;
  EVP_PKEY_CTX* const context = contexts.get(state_->number, [this] {
    KeyContext fresh = new_context(state_->key.get());
    require(EVP_PKEY_verify_init(fresh.get()) == 1, "ECDSA verification");
    return fresh;
  });
  const Sha256Digest digest = sha256(message);
  return EVP_PKEY_verify(context, der.data(), static_cast<std::size_t>(size), digest.data(), digest.size()) ==
         1;
}

const P256Point& VerifyKey::point() const { return state_->point; }

std::array<std::uint8_t, 65> VerifyKey::to_uncompressed() const { return join(state_->point); }

struct SigningKey::State {
  explicit State(Key owned)
      : key(std::move(owned)), point(read_point(key.get())), number_of_key(read_private_number(key.get())) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { wipe(&number_of_key, sizeof number_of_key); }
  Key key;
  P256Point point;
  P256Scalar number_of_key;  ///< d
};

SigningKey::SigningKey(std::unique_ptr<const State> state) : state_(std::move(state)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

SigningKey SigningKey::generate() {
  Key key{EVP_EC_gen("P-256")};
  require(key != nullptr, "P-256 key generation");
  return SigningKey{std::make_unique<State>(std::move(key))};
}

std::optional<SigningKey> SigningKey::from_pkcs8(const Secret& der) {
  const std::uint8_t* at = der.bytes().data();
  const OpensslPtr<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info{
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size()))};
  if (info == nullptr || at != der.bytes().data() + der.size()) return std::nullopt;
  Key key{EVP_PKCS82PKEY(info.get())};
  if (key == nullptr) return std::nullopt;
  std::array<char, 32> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &size) != 1 ||
      std::string_view(group.data(), size) != "prime256v1" ||
      EVP_PKEY_check(new_context(key.get()).get()) != 1) {
    return std::nullopt;
  }
  return SigningKey{std::make_unique<State>(std::move(key))};
}

Secret SigningKey::to_pkcs8() const {
  const OpensslPtr<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info{EVP_PKEY2PKCS8(state_->key.get())};
  require(info != nullptr, "PKCS#8");
  std::uint8_t* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der);
  require(size > 0, "PKCS#8");
  Secret secret{std::span<const std::uint8_t>{der, static_cast<std::size_t>(size)}};
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return secret;
}

Es256Signature SigningKey::sign(std::span<const std::uint8_t> message, const HmacKey& nonces) const {
  const Sha256Digest digest = sha256(message);
  P256Scalar nonce = derive_nonce(state_->point, digest, nonces);
  const P256Scalar r = P256Scalar::reduce(x_of_multiple(nonce));
  P256Scalar inverse = nonce.inverse();
  const P256Scalar s = inverse * (P256Scalar::reduce(digest) + r * state_->number_of_key);
  wipe(&nonce, sizeof nonce);
  wipe(&inverse, sizeof inverse);
  require(!r.is_zero() && !s.is_zero(), "ECDSA signing");  // neither ever happens
  Es256Signature signature{};
  std::ranges::copy(r.to_bytes(), signature.begin());
  std::ranges::copy(s.to_bytes(), signature.begin() + coordinate_size);
  return signature;
}

bool SigningKey::made(std::span<const std::uint8_t> message, std::span<const std::uint8_t> signature,
                      const HmacKey& nonces) const {
  if (signature.size() != 2 * coordinate_size) return false;
  const auto r = signature.first<coordinate_size>();
  const auto s = signature.last<coordinate_size>();
  if (!P256Scalar::is_in_range(r) || !P256Scalar::is_in_range(s)) return false;
  const Sha256Digest digest = sha256(message);
  P256Scalar nonce = derive_nonce(state_->point, digest, nonces);
  // For one message the pairs (r, s) that pass lie on a line. Ours is the only point of it that anybody else
  // knows, and its slope is the key divided by the nonce.
  const bool passes = P256Scalar::reduce(s) * nonce ==
                      P256Scalar::reduce(digest) + P256Scalar::reduce(r) * state_->number_of_key;
  wipe(&nonce, sizeof nonce);
  return passes;
}

const P256Point& SigningKey::point() const { return state_->point; }

VerifyKey SigningKey::verify_key() const {
  std::optional<VerifyKey> key = VerifyKey::from_point(state_->point);
  require(key.has_value(), "P-256 public key of a private one");
  return std::move(*key);
}

}  // namespace latchkey::crypto::jose
