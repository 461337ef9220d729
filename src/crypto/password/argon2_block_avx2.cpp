#include "crypto/password/argon2_block_x86.h"

#if defined(__x86_64__)
#include <immintrin.h>

/// Everything here is inlined into the two functions at the end; a lambda would not take the attribute along.
#define LATCHKEY_AVX2 __attribute__((target("avx2")))
#define LATCHKEY_AVX2_INLINE __attribute__((target("avx2"), always_inline)) inline

namespace latchkey::crypto::password {
namespace {

using HalfVector = __m256i;

/// A quarter of what P works on, four times: v0–3, v4–7, v8–11 and v12–15 of one row, or words of two
/// columns.
struct Avx2Row {
  HalfVector a, b, c, d;
};

/// x + y + 2·low(x)·low(y), RFC 9106 §3.6.
LATCHKEY_AVX2_INLINE HalfVector add_multiply256(HalfVector x, HalfVector y) {
  const HalfVector product = _mm256_mul_epu32(x, y);
  return _mm256_add_epi64(_mm256_add_epi64(x, y), _mm256_add_epi64(product, product));
}

LATCHKEY_AVX2_INLINE HalfVector rotate32(HalfVector x) { return _mm256_shuffle_epi32(x, 0xb1); }
LATCHKEY_AVX2_INLINE HalfVector rotate24(HalfVector x) {
  return _mm256_shuffle_epi8(x, _mm256_setr_epi8(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, 3, 4,
                                                 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10));
}
LATCHKEY_AVX2_INLINE HalfVector rotate16(HalfVector x) {
  return _mm256_shuffle_epi8(x, _mm256_setr_epi8(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, 2, 3,
                                                 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9));
}
LATCHKEY_AVX2_INLINE HalfVector rotate63(HalfVector x) {
  return _mm256_or_si256(_mm256_add_epi64(x, x), _mm256_srli_epi64(x, 63));
}

/// GB on all lanes of two rows, in turns: each waits for itself at every step, so two fill the units better.
LATCHKEY_AVX2_INLINE void mix256(Avx2Row& p, Avx2Row& q) {
  p.a = add_multiply256(p.a, p.b);
  q.a = add_multiply256(q.a, q.b);
  p.d = rotate32(_mm256_xor_si256(p.d, p.a));
  q.d = rotate32(_mm256_xor_si256(q.d, q.a));
  p.c = add_multiply256(p.c, p.d);
  q.c = add_multiply256(q.c, q.d);
  p.b = rotate24(_mm256_xor_si256(p.b, p.c));
  q.b = rotate24(_mm256_xor_si256(q.b, q.c));
  p.a = add_multiply256(p.a, p.b);
  q.a = add_multiply256(q.a, q.b);
  p.d = rotate16(_mm256_xor_si256(p.d, p.a));
  q.d = rotate16(_mm256_xor_si256(q.d, q.a));
  p.c = add_multiply256(p.c, p.d);
  q.c = add_multiply256(q.c, q.d);
  p.b = rotate63(_mm256_xor_si256(p.b, p.c));
  q.b = rotate63(_mm256_xor_si256(q.b, q.c));
}

/// P on two rows. Between its halves the words of the diagonals are lined up. b, which is ready last and
/// needed first, stays; the others move around it: a by one to the right, c by one to the left, d by two.
LATCHKEY_AVX2_INLINE void permute_rows256(Avx2Row& p, Avx2Row& q) {
  mix256(p, q);
  p.a = _mm256_permute4x64_epi64(p.a, 0x93);
  q.a = _mm256_permute4x64_epi64(q.a, 0x93);
  p.d = _mm256_permute4x64_epi64(p.d, 0x4e);
  q.d = _mm256_permute4x64_epi64(q.d, 0x4e);
  p.c = _mm256_permute4x64_epi64(p.c, 0x39);
  q.c = _mm256_permute4x64_epi64(q.c, 0x39);
  mix256(p, q);
  p.a = _mm256_permute4x64_epi64(p.a, 0x39);
  q.a = _mm256_permute4x64_epi64(q.a, 0x39);
  p.d = _mm256_permute4x64_epi64(p.d, 0x4e);
  q.d = _mm256_permute4x64_epi64(q.d, 0x4e);
  p.c = _mm256_permute4x64_epi64(p.c, 0x93);
  q.c = _mm256_permute4x64_epi64(q.c, 0x93);
}

/// P on two columns: `low` has words 0 1 of each quarter, `high` words 2 3, of one column in the lower half
/// of a vector and of the next in the upper half.
LATCHKEY_AVX2_INLINE void permute_columns256(Avx2Row& low, Avx2Row& high) {
  mix256(low, high);
  HalfVector kept = low.a;
  low.a = _mm256_alignr_epi8(low.a, high.a, 8);
  high.a = _mm256_alignr_epi8(high.a, kept, 8);
  kept = low.d;
  low.d = high.d;
  high.d = kept;
  kept = low.c;
  low.c = _mm256_alignr_epi8(high.c, low.c, 8);
  high.c = _mm256_alignr_epi8(kept, high.c, 8);
  mix256(low, high);
  kept = low.a;
  low.a = _mm256_alignr_epi8(high.a, low.a, 8);
  high.a = _mm256_alignr_epi8(kept, high.a, 8);
  kept = low.d;
  low.d = high.d;
  high.d = kept;
  kept = low.c;
  low.c = _mm256_alignr_epi8(low.c, high.c, 8);
  high.c = _mm256_alignr_epi8(high.c, kept, 8);
}

/// Reads one vector of G's input R, and leaves in `next` what the result is XORed with at the end.
template <OldContent old>
LATCHKEY_AVX2_INLINE HalfVector begin256(const HalfVector* previous, const HalfVector* reference,
                                         HalfVector* next) {
  const HalfVector r = _mm256_xor_si256(*previous, *reference);
  *next = old == OldContent::mixed_in ? _mm256_xor_si256(r, *next) : r;
  return r;
}
/// A row's quarters stand two vectors apart, since those of two rows take turns.
template <OldContent old>
LATCHKEY_AVX2_INLINE Avx2Row begin_row256(const HalfVector* previous, const HalfVector* reference,
                                          HalfVector* next) {
  return {begin256<old>(previous, reference, next), begin256<old>(previous + 2, reference + 2, next + 2),
          begin256<old>(previous + 4, reference + 4, next + 4),
          begin256<old>(previous + 6, reference + 6, next + 6)};
}

LATCHKEY_AVX2_INLINE void store_row256(HalfVector* z, const Avx2Row& row) {
  z[0] = row.a;
  z[2] = row.b;
  z[4] = row.c;
  z[6] = row.d;
}

/// XORs two columns into the result; theirs is the same quarter of every row.
LATCHKEY_AVX2_INLINE void finish_columns256(HalfVector* next, const Avx2Row& low, const Avx2Row& high) {
  next[0] = _mm256_xor_si256(next[0], low.a);
  next[1] = _mm256_xor_si256(next[1], high.a);
  next[8] = _mm256_xor_si256(next[8], low.b);
  next[9] = _mm256_xor_si256(next[9], high.b);
  next[16] = _mm256_xor_si256(next[16], low.c);
  next[17] = _mm256_xor_si256(next[17], high.c);
  next[24] = _mm256_xor_si256(next[24], low.d);
  next[25] = _mm256_xor_si256(next[25], high.d);
}

/// P on two rows of R; the outcome goes to `z`, where the columns read it.
template <OldContent old>
LATCHKEY_AVX2_INLINE void do_rows256(const HalfVector* previous, const HalfVector* reference,
                                     HalfVector* next, HalfVector* z) {
  Avx2Row even = begin_row256<old>(previous, reference, next);
  Avx2Row odd = begin_row256<old>(previous + 1, reference + 1, next + 1);
  permute_rows256(even, odd);
  store_row256(z, even);
  store_row256(z + 1, odd);
}

/// P on two columns of `z`.
LATCHKEY_AVX2_INLINE void do_columns256(const HalfVector* z, HalfVector* next) {
  Avx2Row low{z[0], z[8], z[16], z[24]};
  Avx2Row high{z[1], z[9], z[17], z[25]};
  permute_columns256(low, high);
  finish_columns256(next, low, high);
}

template <OldContent old>
LATCHKEY_AVX2 const Argon2Block* compress256(const Argon2Block& previous, const Argon2Block& reference,
                                             Argon2Block& next, const Argon2Segment* upcoming,
                                             std::uint32_t index) noexcept {
  const auto* const x = reinterpret_cast<const HalfVector*>(previous.words.data());
  const auto* const y = reinterpret_cast<const HalfVector*>(reference.words.data());
  auto* const out = reinterpret_cast<HalfVector*>(next.words.data());
  HalfVector z[32];
  do_rows256<old>(x, y, out, z);
  do_rows256<old>(x + 8, y + 8, out + 8, z + 8);
  do_rows256<old>(x + 16, y + 16, out + 16, z + 16);
  do_rows256<old>(x + 24, y + 24, out + 24, z + 24);

  do_columns256(z, out);
  const Argon2Block* found = nullptr;
  if (upcoming != nullptr) {
    found = &upcoming->reference(index, next.words[0]);
    prefetch(*found);
  }
  do_columns256(z + 2, out + 2);
  do_columns256(z + 4, out + 4);
  do_columns256(z + 6, out + 6);
  return found;
}

}  // namespace

BlockFunction avx2_block_function() {
  return {"AVX2", compress256<OldContent::overwritten>, compress256<OldContent::mixed_in>};
}

}  // namespace latchkey::crypto::password

#endif
