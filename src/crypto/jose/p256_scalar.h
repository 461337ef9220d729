#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace latchkey::crypto::jose {

/// Numbers modulo n, the order of P-256 (SP 800-186 §3.2.1.3): what ECDSA computes with beside points of the
/// curve. Nothing here branches on a value or looks it up by a secret, so the time tells nothing of secrets.
/// Wiping is the caller's.
class P256Scalar {
 public:
  static constexpr std::size_t size = 32;
  using Bytes32 = std::array<std::uint8_t, size>;

  constexpr P256Scalar() = default;
  /// A big-endian number; one that is n or more is reduced, as FIPS 186-5 §6.4.1 does with a digest.
  static P256Scalar reduce(std::span<const std::uint8_t, size> bytes) {
    return P256Scalar(subtract_order(load(bytes), 0).limbs);
  }

  Bytes32 to_bytes() const {
    Bytes32 bytes;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint64_t limb = __builtin_bswap64(limbs_[3 - i]);
      std::memcpy(bytes.data() + 8 * i, &limb, sizeof limb);
    }
    return bytes;
  }

  constexpr bool is_zero() const { return (limbs_[0] | limbs_[1] | limbs_[2] | limbs_[3]) == 0; }

  friend constexpr P256Scalar operator+(const P256Scalar& a, const P256Scalar& b) {
    Limbs sum{};
    Wide carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      carry += Wide{a.limbs_[i]} + b.limbs_[i];
      sum[i] = static_cast<std::uint64_t>(carry);
      carry >>= 64U;
    }
    return P256Scalar(subtract_order(sum, static_cast<std::uint64_t>(carry)).limbs);
  }

  friend constexpr P256Scalar operator*(const P256Scalar& a, const P256Scalar& b) {
    return P256Scalar(montgomery(montgomery(a.limbs_, b.limbs_), square_of_base));
  }

  friend constexpr bool operator==(const P256Scalar& a, const P256Scalar& b) {
    std::uint64_t difference = 0;
    for (std::size_t i = 0; i < 4; ++i) difference |= a.limbs_[i] ^ b.limbs_[i];
    return difference == 0;
  }

  /// What this number times the answer is 1 for; 0 has none, and answers 0. By Fermat: the (n-2)th power.
  constexpr P256Scalar inverse() const {
    // Everything here is in Montgomery's form: a · 2^256.
    std::array<Limbs, 16> powers{};
    powers[0] = montgomery(Limbs{1, 0, 0, 0}, square_of_base);
    for (std::size_t i = 1; i < 16; ++i)
      powers[i] = montgomery(powers[i - 1], i == 1 ? montgomery(limbs_, square_of_base) : powers[1]);
    // n-2 begins with 32 ones, 32 zeros and 64 ones; what follows is taken in digits of four bits. The
    // exponent is no secret.
    const Limbs ones_8 = montgomery(square(powers[15], 4), powers[15]);
    const Limbs ones_16 = montgomery(square(ones_8, 8), ones_8);
    const Limbs ones_32 = montgomery(square(ones_16, 16), ones_16);
    Limbs result = montgomery(square(ones_32, 64), ones_32);
    result = montgomery(square(result, 32), ones_32);
    for (std::size_t digit = 32; digit-- > 0;) {
      const std::uint64_t limb = digit < 16 ? order[0] - 2 : order[1];
      result = montgomery(square(result, 4), powers[limb >> (digit % 16 * 4) & 15U]);
    }
    return P256Scalar(montgomery(result, Limbs{1, 0, 0, 0}));
  }

  /// Whether 32 big-endian bytes are a number from 1 to n-1.
  static bool is_in_range(std::span<const std::uint8_t, size> bytes) {
    const Limbs limbs = load(bytes);
    return subtract_order(limbs, 0).was_below && !P256Scalar(limbs).is_zero();
  }

 private:
  using Limbs = std::array<std::uint64_t, 4>;  ///< the lowest first
  __extension__ using Wide = unsigned __int128;

  static constexpr Limbs order = {0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff,
                                  0xffffffff00000000};
  static constexpr std::uint64_t minus_inverse = 0xccd1c8aaee00bc4f;  ///< -1/n modulo 2^64

  constexpr explicit P256Scalar(const Limbs& limbs) : limbs_(limbs) {}

  static Limbs load(std::span<const std::uint8_t, size> bytes) {
    static_assert(std::endian::native == std::endian::little);
    Limbs limbs;
    for (std::size_t i = 0; i < 4; ++i) {
      std::uint64_t limb = 0;
      std::memcpy(&limb, bytes.data() + 8 * i, sizeof limb);
      limbs[3 - i] = __builtin_bswap64(limb);
    }
    return limbs;
  }

  struct Reduced {
    Limbs limbs;
    bool was_below;  ///< n already
  };
  /// `limbs` and `above`·2^256, which together are below 2n, less n where that is not negative.
  static constexpr Reduced subtract_order(const Limbs& limbs, std::uint64_t above) {
    Limbs less{};
    std::uint64_t borrow = 0;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      const Wide difference = Wide{limbs[i]} - order[i] - borrow;
      less[i] = static_cast<std::uint64_t>(difference);
      borrow = static_cast<std::uint64_t>(difference >> 64U) & 1U;
    }
    const std::uint64_t keep = 0 - (borrow & ~above & 1U);  // all ones if the difference is negative
    Limbs result{};
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) result[i] = (limbs[i] & keep) | (less[i] & ~keep);
    return {result, keep != 0};
  }

  /// a · b / 2^256 (P. Montgomery, 1985; the order of the steps is CIOS).
  static constexpr Limbs montgomery(const Limbs& a, const Limbs& b) {
    std::uint64_t t0 = 0;
    std::uint64_t t1 = 0;
    std::uint64_t t2 = 0;
    std::uint64_t t3 = 0;
    std::uint64_t t4 = 0;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      // t += a · b[i]; then t = (t + times · n) / 2^64, where `times` makes the lowest limb 0.
      Wide sum = Wide{a[0]} * b[i] + t0;
      t0 = static_cast<std::uint64_t>(sum);
      sum = Wide{a[1]} * b[i] + t1 + static_cast<std::uint64_t>(sum >> 64U);
      t1 = static_cast<std::uint64_t>(sum);
      sum = Wide{a[2]} * b[i] + t2 + static_cast<std::uint64_t>(sum >> 64U);
      t2 = static_cast<std::uint64_t>(sum);
      sum = Wide{a[3]} * b[i] + t3 + static_cast<std::uint64_t>(sum >> 64U);
      t3 = static_cast<std::uint64_t>(sum);
      sum = Wide{t4} + static_cast<std::uint64_t>(sum >> 64U);
      t4 = static_cast<std::uint64_t>(sum);
      const auto t5 = static_cast<std::uint64_t>(sum >> 64U);

      const std::uint64_t times = t0 * minus_inverse;
      sum = Wide{times} * order[0] + t0;
      sum = Wide{times} * order[1] + t1 + static_cast<std::uint64_t>(sum >> 64U);
      t0 = static_cast<std::uint64_t>(sum);
      sum = Wide{times} * order[2] + t2 + static_cast<std::uint64_t>(sum >> 64U);
      t1 = static_cast<std::uint64_t>(sum);
      sum = Wide{times} * order[3] + t3 + static_cast<std::uint64_t>(sum >> 64U);
      t2 = static_cast<std::uint64_t>(sum);
      sum = Wide{t4} + static_cast<std::uint64_t>(sum >> 64U);
      t3 = static_cast<std::uint64_t>(sum);
      t4 = t5 + static_cast<std::uint64_t>(sum >> 64U);
    }
    return subtract_order({t0, t1, t2, t3}, t4).limbs;
  }

  /// Squared so many times.
  static constexpr Limbs square(Limbs number, int times) {
    for (int i = 0; i < times; ++i) number = montgomery(number, number);
    return number;
  }

  /// 2^512 modulo n.
  static constexpr Limbs make_square_of_base() {
    P256Scalar number(Limbs{1, 0, 0, 0});
    for (int i = 0; i < 512; ++i) number = number + number;
    return number.limbs_;
  }
  static const Limbs square_of_base;

  Limbs limbs_{};
};

inline constexpr P256Scalar::Limbs P256Scalar::square_of_base = P256Scalar::make_square_of_base();

}  // namespace latchkey::crypto::jose
