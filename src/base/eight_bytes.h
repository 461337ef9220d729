#pragma once

#include <cstdint>
#include <cstring>

namespace latchkey {

/// Eight bytes of a text, looked at in one go: where every byte of every request and answer passes.
class EightBytes {
 public:
  /// Reads eight bytes from `text` on.
  explicit EightBytes(const char* text) { std::memcpy(&word_, text, sizeof word_); }

  bool has(unsigned char byte) const {
    const std::uint64_t zero_where_equal = word_ ^ ones * byte;
    return ((zero_where_equal - ones) & ~zero_where_equal & highs) != 0;
  }
  /// Whether one of them is below `limit`, which is at most 0x80.
  bool has_below(unsigned char limit) const { return ((word_ - ones * limit) & ~word_ & highs) != 0; }

 private:
  static constexpr std::uint64_t ones = 0x0101010101010101U;
  static constexpr std::uint64_t highs = 0x8080808080808080U;
  std::uint64_t word_ = 0;
};

}  // namespace latchkey
