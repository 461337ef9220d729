#include "crypto/argon2_block.h"

#include <bit>
#include <vector>

#include "crypto/argon2_block_x86.h"

namespace latchkey::crypto {
namespace {

/// BLAKE2b's addition with a multiplication in it (RFC 9106 §3.6).
inline std::uint64_t add_multiply(std::uint64_t x, std::uint64_t y) {
  return x + y + 2 * (x & 0xffffffff) * (y & 0xffffffff);
}

/// GB of §3.6.
inline void mix(std::uint64_t& a, std::uint64_t& b, std::uint64_t& c, std::uint64_t& d) {
  a = add_multiply(a, b);
  d = std::rotr(d ^ a, 32);
  c = add_multiply(c, d);
  b = std::rotr(b ^ c, 24);
  a = add_multiply(a, b);
  d = std::rotr(d ^ a, 16);
  c = add_multiply(c, d);
  b = std::rotr(b ^ c, 63);
}

/// P of §3.6 on the 16 words that `word` gives.
template <class Word>
inline void permute(Word word) {
  mix(word(0), word(4), word(8), word(12));
  mix(word(1), word(5), word(9), word(13));
  mix(word(2), word(6), word(10), word(14));
  mix(word(3), word(7), word(11), word(15));
  mix(word(0), word(5), word(10), word(15));
  mix(word(1), word(6), word(11), word(12));
  mix(word(2), word(7), word(8), word(13));
  mix(word(3), word(4), word(9), word(14));
}

template <OldContent old>
const Argon2Block* compress_portably(const Argon2Block& previous, const Argon2Block& reference,
                                     Argon2Block& next, const Argon2Segment* upcoming,
                                     std::uint32_t index) noexcept {
  Argon2Block z;
  for (std::size_t i = 0; i < z.words.size(); ++i) {
    z.words[i] = previous.words[i] ^ reference.words[i];
    next.words[i] = old == OldContent::mixed_in ? next.words[i] ^ z.words[i] : z.words[i];
  }
  for (std::size_t row = 0; row < 8; ++row) {
    permute([&](std::size_t i) -> std::uint64_t& { return z.words[stored_at(16 * row + i)]; });
  }
  for (std::size_t column = 0; column < 8; ++column) {
    permute(
        [&](std::size_t i) -> std::uint64_t& { return z.words[stored_at(i / 2 * 16 + 2 * column + i % 2)]; });
  }
  for (std::size_t i = 0; i < z.words.size(); ++i) next.words[i] ^= z.words[i];
  if (upcoming == nullptr) return nullptr;
  const Argon2Block& found = upcoming->reference(index, next.words[0]);
  prefetch(found);
  return &found;
}

std::vector<BlockFunction> find_block_functions() {
  std::vector<BlockFunction> found;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) found.push_back(avx512_block_function());
  if (__builtin_cpu_supports("avx2")) found.push_back(avx2_block_function());
#endif
  found.push_back(
      {"portable", compress_portably<OldContent::overwritten>, compress_portably<OldContent::mixed_in>});
  return found;
}

}  // namespace

std::span<const BlockFunction> block_functions() {
  static const std::vector<BlockFunction> found = find_block_functions();
  return found;
}

const BlockFunction& block_function() { return block_functions().front(); }

}  // namespace latchkey::crypto
