#pragma once

#include <array>
#include <cstdint>

/// Names of what the benches put into a store: the same in every run, spread evenly like random ones, so that
/// two programs agree on them without a file.
namespace latchkey::bench {

using Id = std::array<std::uint8_t, 16>;

enum class Kind : std::uint64_t { subject = 1, session = 2 };

/// SplitMix64's finalizer.
inline std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// The n-th id of its kind.
inline Id id_of(Kind kind, std::uint64_t n) {
  Id id{};
  const std::uint64_t start = static_cast<std::uint64_t>(kind) << 60U | n;
  const std::array<std::uint64_t, 2> words{scramble(start * 2 + 1), scramble(start * 2 + 2)};
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::uint8_t>(words[i / 8] >> (i % 8 * 8));
  if (kind == Kind::subject) {  // a UUID of version 4 (RFC 9562 §5.4)
    id[6] = static_cast<std::uint8_t>((id[6] & 0x0f) | 0x40);
    id[8] = static_cast<std::uint8_t>((id[8] & 0x3f) | 0x80);
  }
  return id;
}

}  // namespace latchkey::bench
