#include "crypto/password/argon2_block.h"

#include <bit>
#include <vector>

#include "crypto/password/argon2_block_x86.h"

namespace latchkey::crypto::password {
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

/// P of §3.6 on 16 words; `offset` says how far from the first each lies. Distances are constants to the
/// compiler, places in the block would not be: with those it takes half as long again.
template <class Offset>
inline void permute(std::uint64_t* first, Offset offset) {
  const auto v = [&](std::size_t i) -> std::uint64_t& { return first[offset(i)]; };
  mix(v(0), v(4), v(8), v(12));
  mix(v(1), v(5), v(9), v(13));
  mix(v(2), v(6), v(10), v(14));
  mix(v(3), v(7), v(11), v(15));
  mix(v(0), v(5), v(10), v(15));
  mix(v(1), v(6), v(11), v(12));
  mix(v(2), v(7), v(8), v(13));
  mix(v(3), v(4), v(9), v(14));
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
  for (std::size_t row = 0; row < 8; ++row)
    permute(&z.words[stored_at(16 * row)], [](std::size_t i) { return stored_at(i); });
  for (std::size_t column = 0; column < 8; ++column) {
    permute(&z.words[stored_at(2 * column)], [](std::size_t i) { return stored_at(i / 2 * 16 + i % 2); });
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
  // Says no as well where the processor has the instructions and the operating system does not keep their
  // registers (XGETBV), as under valgrind.
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

}  // namespace latchkey::crypto::password
