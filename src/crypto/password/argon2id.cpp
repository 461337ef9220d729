#include "crypto/password/argon2id.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <new>
#include <stdexcept>

#include "base/bytes.h"
#include "base/scheduling.h"
#include "base/secret.h"
#include "crypto/password/argon2_block.h"
#include "crypto/password/blake2b.h"

namespace latchkey::crypto::password {
namespace {

constexpr std::uint32_t argon2_version = 0x13;
constexpr std::uint32_t argon2id_type = 2;
constexpr std::uint32_t slice_count = 4;
constexpr std::uint32_t max_lanes_of_rfc = (1U << 24) - 1;
constexpr std::uint32_t addresses_in_a_block = 128;

/// Starts BLAKE2b as H' begins it: the length of the output, then the input (RFC 9106 §3.3).
void hash_prefixed(std::size_t output_size, std::initializer_list<ByteView> input,
                   std::span<std::uint8_t> digest) {
  Blake2b hash{digest.size()};
  hash.update_le32(static_cast<std::uint32_t>(output_size));
  for (const ByteView part : input) hash.update(part);
  hash.finish(digest);
}

/// H', a hash of any length. Longer outputs are the first halves of a chain of hashes, and the whole last
/// one.
void hash_to_any_length(std::initializer_list<ByteView> input, std::span<std::uint8_t> out) {
  constexpr std::size_t whole = Blake2b::max_digest_size;
  constexpr std::size_t half = whole / 2;
  if (out.size() <= whole) {
    hash_prefixed(out.size(), input, out);
    return;
  }
  std::array<std::uint8_t, whole> link;
  hash_prefixed(out.size(), input, link);
  std::memcpy(out.data(), link.data(), half);
  out = out.subspan(half);
  while (out.size() > whole) {
    Blake2b{whole}.update(link).finish(link);
    std::memcpy(out.data(), link.data(), half);
    out = out.subspan(half);
  }
  Blake2b{out.size()}.update(link).finish(out);
  wipe(link.data(), link.size());
}

/// H0 (§3.2, step 1).
std::array<std::uint8_t, 64> hash_inputs(const Argon2Parameters& parameters, const Argon2Input& input) {
  Blake2b hash{64};
  hash.update_le32(parameters.lanes).update_le32(argon2_tag_size).update_le32(parameters.memory_kib);
  hash.update_le32(parameters.passes).update_le32(argon2_version).update_le32(argon2id_type);
  for (const ByteView part : {input.password, input.salt, input.secret, input.associated_data}) {
    hash.update_le32(static_cast<std::uint32_t>(part.size())).update(part);
  }
  std::array<std::uint8_t, 64> digest;
  hash.finish(digest);
  return digest;
}

/// The bytes of a block in the RFC's order, of which words are read and written as they lie in memory
/// (blake2b.cpp asserts that they are little-endian).
using BlockBytes = std::array<std::uint8_t, sizeof(Argon2Block)>;

void load(Argon2Block& block, const BlockBytes& bytes) {
  for (std::size_t i = 0; i < block.words.size(); ++i) {
    std::memcpy(&block.words[stored_at(i)], bytes.data() + 8 * i, 8);
  }
}

void store(BlockBytes& bytes, const Argon2Block& block) {
  for (std::size_t i = 0; i < block.words.size(); ++i) {
    std::memcpy(bytes.data() + 8 * i, &block.words[stored_at(i)], 8);
  }
}

/// The pseudo-random numbers of a segment whose references do not depend on what is hashed (§3.4.1.2):
/// counter mode with G, 128 numbers a block.
class Addresses {
 public:
  Addresses(const BlockFunction& function, std::uint64_t pass, std::uint64_t lane, std::uint64_t slice,
            std::uint64_t all_blocks, std::uint64_t passes)
      : function_(function) {
    const std::array<std::uint64_t, 6> where{pass, lane, slice, all_blocks, passes, argon2id_type};
    for (std::size_t i = 0; i < where.size(); ++i) counter_block_.words[stored_at(i)] = where[i];
  }

  /// For the block at `index`; indices come in order.
  std::uint64_t number(std::uint32_t index) {
    const std::uint32_t wanted = index / addresses_in_a_block + 1;
    std::uint64_t& made = counter_block_.words[stored_at(where_the_counter_is)];
    if (made != wanted) {
      made = wanted;
      Argon2Block once;
      function_.overwrite(zero_, counter_block_, once, nullptr, 0);
      function_.overwrite(zero_, once, numbers_, nullptr, 0);
    }
    return numbers_.words[stored_at(index % addresses_in_a_block)];
  }

 private:
  static constexpr std::size_t where_the_counter_is = 6;
  const BlockFunction& function_;
  Argon2Block zero_{};
  Argon2Block counter_block_{};
  Argon2Block numbers_;
};

/// The memory of one hash: `lanes` lanes of four segments each.
class Argon2Memory {
 public:
  Argon2Memory(const Argon2Parameters& parameters, HashArena& arena, const BlockFunction& function)
      : arena_(arena),
        function_(function),
        parameters_(parameters),
        segment_length_(parameters.memory_kib / (slice_count * parameters.lanes)),
        lane_length_(slice_count * segment_length_),
        size_(std::size_t{lane_length_} * parameters.lanes * sizeof(Argon2Block)),
        blocks_(reinterpret_cast<Argon2Block*>(arena.take(size_))) {
    if (blocks_ == nullptr) throw std::bad_alloc();
  }
  Argon2Memory(const Argon2Memory&) = delete;
  Argon2Memory& operator=(const Argon2Memory&) = delete;
  ~Argon2Memory() { arena_.give_back(reinterpret_cast<std::uint8_t*>(blocks_), size_); }

  /// §3.2, steps 3 and 4: the first two blocks of every lane.
  void begin(ByteView inputs_hash) {
    BlockBytes bytes;
    for (std::uint32_t lane = 0; lane < parameters_.lanes; ++lane) {
      for (std::uint32_t column = 0; column < 2; ++column) {
        std::array<std::uint8_t, 8> place;
        std::memcpy(place.data(), &column, 4);
        std::memcpy(place.data() + 4, &lane, 4);
        hash_to_any_length({inputs_hash, place}, bytes);
        load(block(lane, column), bytes);
      }
    }
    wipe(bytes.data(), bytes.size());
  }

  /// Steps 5 and 6. Lanes may refer to each other's finished slices, so they go on slice by slice.
  void fill() {
    for (std::uint32_t pass = 0; pass < parameters_.passes; ++pass) {
      for (std::uint32_t slice = 0; slice < slice_count; ++slice) {
        for (std::uint32_t lane = 0; lane < parameters_.lanes; ++lane) fill_segment(pass, slice, lane);
      }
    }
  }

  /// Steps 7 and 8: the tag of the XOR of every lane's last block.
  Argon2Tag finish() {
    Argon2Block last = block(0, lane_length_ - 1);
    for (std::uint32_t lane = 1; lane < parameters_.lanes; ++lane) {
      const Argon2Block& other = block(lane, lane_length_ - 1);
      for (std::size_t i = 0; i < last.words.size(); ++i) last.words[i] ^= other.words[i];
    }
    BlockBytes bytes;
    store(bytes, last);
    Argon2Tag tag;
    hash_to_any_length({bytes}, tag);
    wipe(bytes.data(), bytes.size());
    wipe(&last, sizeof last);
    return tag;
  }

 private:
  Argon2Block& block(std::uint32_t lane, std::uint32_t column) {
    return blocks_[std::size_t{lane} * lane_length_ + column];
  }

  Argon2Segment segment(std::uint32_t pass, std::uint32_t slice, std::uint32_t lane) const {
    const std::uint32_t first_column = slice * segment_length_;
    // In the first pass what has been written so far may be referred to, later the last three segments, which
    // begin with the one that is next to be written over.
    return {.memory = blocks_,
            .lanes = parameters_.lanes,
            .lane = lane,
            .lane_length = lane_length_,
            .length = segment_length_,
            .first_column = first_column,
            .window_start = pass == 0 ? 0 : (slice + 1) % slice_count * segment_length_,
            .window_size = pass == 0 ? first_column : lane_length_ - segment_length_};
  }

  void fill_segment(std::uint32_t pass, std::uint32_t slice, std::uint32_t lane) {
    const Argon2Segment filled = segment(pass, slice, lane);
    const BlockFunction::Compress compress = pass == 0 ? function_.overwrite : function_.mix_in;
    // The first half of the first pass keeps the order of accesses from telling about the password.
    if (pass == 0 && slice < slice_count / 2) {
      const std::uint64_t all_blocks = std::uint64_t{lane_length_} * parameters_.lanes;
      Addresses addresses{function_, pass, lane, slice, all_blocks, parameters_.passes};
      fill_independently(filled, compress, addresses);
    } else {
      fill_dependently(filled, compress);
    }
  }

  /// References are known beforehand, so each is asked for while the block before it is computed.
  static void fill_independently(const Argon2Segment& filled, BlockFunction::Compress compress,
                                 Addresses& addresses) {
    const std::uint32_t first = filled.is_first() ? 2 : 0;
    const Argon2Block* reference = &filled.reference(first, addresses.number(first));
    for (std::uint32_t index = first; index < filled.length; ++index) {
      const Argon2Block& now = *reference;
      if (index + 1 < filled.length) {
        reference = &filled.reference(index + 1, addresses.number(index + 1));
        prefetch(*reference);
      }
      compress(filled.before(index), now, filled.at(index), nullptr, 0);
      offer_now_and_then(index);
    }
  }

  /// Each block chooses the reference of the one after it.
  static void fill_dependently(const Argon2Segment& filled, BlockFunction::Compress compress) {
    const Argon2Block* reference = &filled.reference(0, filled.before(0).words[0]);
    for (std::uint32_t index = 0; index < filled.length; ++index) {
      const bool is_last = index + 1 == filled.length;
      reference = compress(filled.before(index), *reference, filled.at(index), is_last ? nullptr : &filled,
                           index + 1);
      offer_now_and_then(index);
    }
  }

  /// Half a thousand blocks take some 50 µs.
  static void offer_now_and_then(std::uint32_t index) {
    if (index % 512 == 511) offer_the_core();
  }

  HashArena& arena_;
  const BlockFunction& function_;
  const Argon2Parameters& parameters_;
  std::uint32_t segment_length_;
  std::uint32_t lane_length_;
  std::size_t size_;
  Argon2Block* blocks_;
};

void check_argon2(const Argon2Parameters& parameters, const Argon2Input& input) {
  constexpr std::size_t max_length = std::numeric_limits<std::uint32_t>::max();
  if (parameters.lanes < 1 || parameters.lanes > max_lanes_of_rfc || parameters.passes < 1 ||
      parameters.memory_kib < std::uint64_t{8} * parameters.lanes) {
    throw std::invalid_argument("a cost that Argon2 does not define");
  }
  if (input.salt.size() < 8) throw std::invalid_argument("a salt under 8 bytes");
  for (const ByteView part : {input.password, input.salt, input.secret, input.associated_data}) {
    if (part.size() > max_length) throw std::invalid_argument("an input of 4 GiB or more");
  }
}

}  // namespace

bool within_bounds(const Argon2Parameters& parameters) {
  return parameters.memory_kib >= min_memory_kib && parameters.memory_kib <= max_memory_kib &&
         parameters.passes >= 1 && parameters.passes <= max_passes && parameters.lanes >= 1 &&
         parameters.lanes <= max_lanes && parameters.memory_kib >= 8 * parameters.lanes;
}

Argon2Tag argon2id(const Argon2Parameters& parameters, const Argon2Input& input, HashArena& arena) {
  return argon2id(parameters, input, arena, block_function());
}

Argon2Tag argon2id(const Argon2Parameters& parameters, const Argon2Input& input, HashArena& arena,
                   const BlockFunction& function) {
  check_argon2(parameters, input);
  Argon2Memory memory{parameters, arena, function};
  std::array<std::uint8_t, 64> inputs_hash = hash_inputs(parameters, input);
  memory.begin(inputs_hash);
  wipe(inputs_hash.data(), inputs_hash.size());
  memory.fill();
  return memory.finish();
}

}  // namespace latchkey::crypto::password
