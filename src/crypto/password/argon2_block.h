#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "crypto/password/argon2_segment.h"

namespace latchkey::crypto::password {

/// Argon2's compression function G (RFC 9106 §3.5) in the ways that this processor can compute it.

/// What a block that is written does with what its memory held: the first pass overwrites it, later ones XOR
/// the new content into it (§3.2, steps 5 and 6).
enum class OldContent : bool { overwritten, mixed_in };

/// One way to compute G. All give the same bytes; they differ in speed.
struct BlockFunction {
  /// Writes G(previous, reference) to `next`, which is neither of them.
  ///
  /// When `upcoming` is given, the block after `next`, at `index` in that segment, finds its reference by the
  /// first word of `next`. That word is computed as early as it can be, and the reference, which is returned,
  /// is asked for from memory while the rest of `next` is still being computed: waiting for it would
  /// otherwise take a third of the whole time. Without `upcoming` the answer is null.
  using Compress = const Argon2Block* (*)(const Argon2Block& previous, const Argon2Block& reference,
                                          Argon2Block& next, const Argon2Segment* upcoming,
                                          std::uint32_t index) noexcept;

  std::string_view name;
  Compress overwrite;
  Compress mix_in;
};

/// The fastest one that this processor has. Any thread may call it.
const BlockFunction& block_function();

/// All that this processor has, the fastest first; the portable one is always among them.
std::span<const BlockFunction> block_functions();

}  // namespace latchkey::crypto::password
