#include "crypto/password/argon2_block_x86.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns of its own deliberately undefined vectors, where its header is inlined.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

/// Everything here is inlined into the two functions at the end; a lambda would not take the attribute along.
#define LATCHKEY_AVX512 __attribute__((target("avx512f")))
#define LATCHKEY_AVX512_INLINE __attribute__((target("avx512f"), always_inline)) inline

namespace latchkey::crypto::password {
namespace {

using Vector = __m512i;

/// The 32 words of two rows or of two columns: lane by lane, what P calls v0–3, v4–7, v8–11 and v12–15.
struct Avx512Pair {
  Vector a, b, c, d;
};

/// x + y + 2·low(x)·low(y), RFC 9106 §3.6.
LATCHKEY_AVX512_INLINE Vector add_multiply512(Vector x, Vector y) {
  const Vector product = _mm512_mul_epu32(x, y);
  return _mm512_add_epi64(_mm512_add_epi64(x, y), _mm512_add_epi64(product, product));
}

template <int bits>
LATCHKEY_AVX512_INLINE Vector xor_rotate512(Vector x, Vector y) {
  return _mm512_ror_epi64(_mm512_xor_si512(x, y), bits);
}

/// GB on all lanes of two pairs, in turns: each waits for itself at every step, so two fill the units better.
LATCHKEY_AVX512_INLINE void mix512(Avx512Pair& p, Avx512Pair& q) {
  p.a = add_multiply512(p.a, p.b);
  q.a = add_multiply512(q.a, q.b);
  p.d = xor_rotate512<32>(p.d, p.a);
  q.d = xor_rotate512<32>(q.d, q.a);
  p.c = add_multiply512(p.c, p.d);
  q.c = add_multiply512(q.c, q.d);
  p.b = xor_rotate512<24>(p.b, p.c);
  q.b = xor_rotate512<24>(q.b, q.c);
  p.a = add_multiply512(p.a, p.b);
  q.a = add_multiply512(q.a, q.b);
  p.d = xor_rotate512<16>(p.d, p.a);
  q.d = xor_rotate512<16>(q.d, q.a);
  p.c = add_multiply512(p.c, p.d);
  q.c = add_multiply512(q.c, q.d);
  p.b = xor_rotate512<63>(p.b, p.c);
  q.b = xor_rotate512<63>(q.b, q.c);
}

/// Lines the words of a diagonal up, or back. b, which is ready last and needed first, stays; the others
/// move around it: a by one to the right, c by one to the left, d by two.
LATCHKEY_AVX512_INLINE void turn_rows512(Avx512Pair& p) {
  p.a = _mm512_permutex_epi64(p.a, 0x93);
  p.d = _mm512_permutex_epi64(p.d, 0x4e);
  p.c = _mm512_permutex_epi64(p.c, 0x39);
}
LATCHKEY_AVX512_INLINE void turn_rows_back512(Avx512Pair& p) {
  p.a = _mm512_permutex_epi64(p.a, 0x39);
  p.d = _mm512_permutex_epi64(p.d, 0x4e);
  p.c = _mm512_permutex_epi64(p.c, 0x93);
}

/// P on four rows.
LATCHKEY_AVX512_INLINE void permute_rows512(Avx512Pair& p, Avx512Pair& q) {
  mix512(p, q);
  turn_rows512(p);
  turn_rows512(q);
  mix512(p, q);
  turn_rows_back512(p);
  turn_rows_back512(q);
}

/// P on four columns. A vector has words 0 1 | 0 1 | 2 3 | 2 3 of two columns in turn: where the rows' words
/// turn by one, these do by the permutations `left` and `right`.
LATCHKEY_AVX512_INLINE void permute_columns512(Avx512Pair& p, Avx512Pair& q) {
  const Vector left = _mm512_setr_epi64(1, 4, 3, 6, 5, 0, 7, 2);
  const Vector right = _mm512_setr_epi64(5, 0, 7, 2, 1, 4, 3, 6);
  mix512(p, q);
  p.a = _mm512_permutexvar_epi64(right, p.a);
  q.a = _mm512_permutexvar_epi64(right, q.a);
  p.d = _mm512_shuffle_i64x2(p.d, p.d, 0x4e);
  q.d = _mm512_shuffle_i64x2(q.d, q.d, 0x4e);
  p.c = _mm512_permutexvar_epi64(left, p.c);
  q.c = _mm512_permutexvar_epi64(left, q.c);
  mix512(p, q);
  p.a = _mm512_permutexvar_epi64(left, p.a);
  q.a = _mm512_permutexvar_epi64(left, q.a);
  p.d = _mm512_shuffle_i64x2(p.d, p.d, 0x4e);
  q.d = _mm512_shuffle_i64x2(q.d, q.d, 0x4e);
  p.c = _mm512_permutexvar_epi64(right, p.c);
  q.c = _mm512_permutexvar_epi64(right, q.c);
}

/// Reads one vector of G's input R, and leaves in `next` what the result is XORed with at the end.
template <OldContent old>
LATCHKEY_AVX512_INLINE Vector begin512(const Vector* previous, const Vector* reference, Vector* next) {
  const Vector r = _mm512_xor_si512(*previous, *reference);
  *next = old == OldContent::mixed_in ? _mm512_xor_si512(r, *next) : r;
  return r;
}
template <OldContent old>
LATCHKEY_AVX512_INLINE Avx512Pair begin_rows512(const Vector* previous, const Vector* reference,
                                                Vector* next) {
  return {begin512<old>(previous, reference, next), begin512<old>(previous + 1, reference + 1, next + 1),
          begin512<old>(previous + 2, reference + 2, next + 2),
          begin512<old>(previous + 3, reference + 3, next + 3)};
}

LATCHKEY_AVX512_INLINE void finish512(Vector* next, Vector z) { *next = _mm512_xor_si512(*next, z); }

template <OldContent old>
LATCHKEY_AVX512 const Argon2Block* compress512(const Argon2Block& previous, const Argon2Block& reference,
                                               Argon2Block& next, const Argon2Segment* upcoming,
                                               std::uint32_t index) noexcept {
  const auto* const x = reinterpret_cast<const Vector*>(previous.words.data());
  const auto* const y = reinterpret_cast<const Vector*>(reference.words.data());
  auto* const out = reinterpret_cast<Vector*>(next.words.data());

  Avx512Pair rows0 = begin_rows512<old>(x, y, out);
  Avx512Pair rows2 = begin_rows512<old>(x + 4, y + 4, out + 4);
  permute_rows512(rows0, rows2);
  Avx512Pair rows4 = begin_rows512<old>(x + 8, y + 8, out + 8);
  Avx512Pair rows6 = begin_rows512<old>(x + 12, y + 12, out + 12);
  permute_rows512(rows4, rows6);

  Avx512Pair columns0{rows0.a, rows2.a, rows4.a, rows6.a};
  Avx512Pair columns2{rows0.b, rows2.b, rows4.b, rows6.b};
  permute_columns512(columns0, columns2);
  const Argon2Block* found = nullptr;
  if (upcoming != nullptr) {
    const auto word = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm512_castsi512_si128(columns0.a)));
    found = &upcoming->reference(index, word ^ next.words[0]);
    prefetch(*found);
  }
  finish512(out, columns0.a);
  finish512(out + 4, columns0.b);
  finish512(out + 8, columns0.c);
  finish512(out + 12, columns0.d);
  finish512(out + 1, columns2.a);
  finish512(out + 5, columns2.b);
  finish512(out + 9, columns2.c);
  finish512(out + 13, columns2.d);

  Avx512Pair columns4{rows0.c, rows2.c, rows4.c, rows6.c};
  Avx512Pair columns6{rows0.d, rows2.d, rows4.d, rows6.d};
  permute_columns512(columns4, columns6);
  finish512(out + 2, columns4.a);
  finish512(out + 6, columns4.b);
  finish512(out + 10, columns4.c);
  finish512(out + 14, columns4.d);
  finish512(out + 3, columns6.a);
  finish512(out + 7, columns6.b);
  finish512(out + 11, columns6.c);
  finish512(out + 15, columns6.d);
  return found;
}

}  // namespace

BlockFunction avx512_block_function() {
  return {"AVX-512", compress512<OldContent::overwritten>, compress512<OldContent::mixed_in>};
}

}  // namespace latchkey::crypto::password

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif
