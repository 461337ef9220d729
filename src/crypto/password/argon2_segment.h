#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace latchkey::crypto::password {

/// One block of Argon2's memory: 1 KiB (RFC 9106 §3.5). Its words do not lie in the RFC's order but in one
/// that vectors of 32 and of 64 bytes can load without rearranging: see `stored_at`.
struct alignas(64) Argon2Block {
  std::array<std::uint64_t, 128> words;
};

/// Where the RFC's word `word` of a block lies. The RFC sees a block as 8 rows of 16 words, and G mixes each
/// row in four quarters of 4 words. Here the same quarters of two neighbouring rows stand together. Word 0 is
/// where it was.
constexpr std::size_t stored_at(std::size_t word) {
  const std::size_t row = word / 16;
  const std::size_t quarter = word % 16 / 4;
  return (row / 2 * 4 + quarter) * 8 + row % 2 * 4 + word % 4;
}

/// Asks for a block from memory; a hint.
inline void prefetch(const Argon2Block& block) noexcept {
  const auto* const bytes = reinterpret_cast<const char*>(&block);
  for (std::size_t line = 0; line < sizeof block; line += 64) __builtin_prefetch(bytes + line);
}

/// A segment of a lane, a quarter of it in one pass, with the rule by which its blocks choose what they refer
/// to (RFC 9106 §3.4).
struct Argon2Segment {
  Argon2Block* memory;         ///< lane after lane
  std::uint32_t lanes;         ///< p
  std::uint32_t lane;          ///< this segment's
  std::uint32_t lane_length;   ///< q, in blocks
  std::uint32_t length;        ///< of the segment, in blocks
  std::uint32_t first_column;  ///< of the segment
  std::uint32_t window_start;  ///< the oldest column that may be referred to
  std::uint32_t window_size;   ///< finished columns from there to the segment's first block

  /// Nothing to refer to outside of its own lane: the first segment of the first pass.
  bool is_first() const noexcept { return window_size == 0; }

  Argon2Block& at(std::uint32_t index) const noexcept { return in_lane(lane, first_column + index); }
  const Argon2Block& before(std::uint32_t index) const noexcept {
    const std::uint64_t column = first_column + index;
    return in_lane(lane, (column == 0 ? lane_length : column) - 1);
  }

  /// What the block at `index` refers to, for J1 (the low half) and J2 (§3.4.2).
  const Argon2Block& reference(std::uint32_t index, std::uint64_t pseudo_random) const noexcept {
    std::uint32_t from = lane;
    if (lanes != 1 && !is_first()) from = static_cast<std::uint32_t>(pseudo_random >> 32) % lanes;
    // In its own lane what the segment has so far counts too, without the last block, which goes into G
    // anyway. In another lane only finished segments count; the last one's last block is left out for a first
    // block.
    const std::uint32_t size = from == lane ? window_size + index - 1 : window_size - (index == 0 ? 1U : 0U);
    const std::uint64_t j1 = pseudo_random & 0xffffffff;
    const std::uint64_t x = j1 * j1 >> 32;
    const std::uint64_t back = size * x >> 32;
    std::uint64_t column = std::uint64_t{window_start} + size - 1 - back;
    if (column >= lane_length) column -= lane_length;
    return in_lane(from, column);
  }

 private:
  Argon2Block& in_lane(std::uint32_t which, std::uint64_t column) const noexcept {
    return memory[std::size_t{which} * lane_length + column];
  }
};

}  // namespace latchkey::crypto::password
