#include "crypto/webauthn/ed25519_point.h"

#include <openssl/bn.h>

#include <algorithm>
#include <array>

#include "crypto/openssl.h"

namespace latchkey::crypto::webauthn {
namespace {

using Number = OpensslPtr<BIGNUM, BN_free>;
using Context = OpensslPtr<BN_CTX, BN_CTX_free>;

constexpr std::size_t size = 32;

/// Numbers modulo 2^255 - 19.
class Field {
 public:
  Field()
      : context_{BN_CTX_new()},
        prime_(number("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed")) {
    require(context_ != nullptr, "Ed25519");
  }

  static Number number(const char* hexadecimal) {
    BIGNUM* made = nullptr;
    require(BN_hex2bn(&made, hexadecimal) != 0, "Ed25519");
    return Number{made};
  }
  Number times(const Number& a, const Number& b) {
    Number result{BN_new()};
    require(
        result != nullptr && BN_mod_mul(result.get(), a.get(), b.get(), prime_.get(), context_.get()) == 1,
        "Ed25519");
    return result;
  }
  Number plus(const Number& a, const Number& b) {
    Number result{BN_new()};
    require(
        result != nullptr && BN_mod_add(result.get(), a.get(), b.get(), prime_.get(), context_.get()) == 1,
        "Ed25519");
    return result;
  }
  Number minus(const Number& a, const Number& b) {
    Number result{BN_new()};
    require(
        result != nullptr && BN_mod_sub(result.get(), a.get(), b.get(), prime_.get(), context_.get()) == 1,
        "Ed25519");
    return result;
  }
  bool is_square(const Number& a) {
    const int symbol = BN_kronecker(a.get(), prime_.get(), context_.get());
    require(symbol != -2, "Ed25519");
    return symbol == 1;
  }
  bool contains(const Number& a) const { return BN_cmp(a.get(), prime_.get()) < 0; }

 private:
  Context context_;
  Number prime_;
};

}  // namespace

bool is_ed25519_point(ByteView key) {
  if (key.size() != size) return false;
  // The last bit is the sign of x.
  std::array<std::uint8_t, size> bytes{};
  std::ranges::copy(key, bytes.begin());
  bytes.back() &= 0x7f;
  const Number y{BN_lebin2bn(bytes.data(), size, nullptr)};
  require(y != nullptr, "Ed25519");
  Field field;
  if (!field.contains(y)) return false;
  // RFC 8032 §5.1: -x² + y² = 1 + d x² y², so x² = (y² - 1) / (d y² + 1).
  const Number d = Field::number("52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");
  const Number one = Field::number("1");
  const Number y2 = field.times(y, y);
  const Number numerator = field.minus(y2, one);
  const Number denominator = field.plus(field.times(d, y2), one);
  // Orders 1 and 2 have x = 0, order 4 has y = 0, and of order 8 are those whose double has y = 0: x² + y² =
  // 0.
  const Number sum = field.plus(numerator, field.times(y2, denominator));
  if (BN_is_zero(y.get()) == 1 || BN_is_zero(numerator.get()) == 1 || BN_is_zero(sum.get()) == 1)
    return false;
  // A quotient is a square where the product is one.
  return field.is_square(field.times(numerator, denominator));
}

}  // namespace latchkey::crypto::webauthn
