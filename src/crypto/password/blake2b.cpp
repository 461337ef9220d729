#include "crypto/password/blake2b.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/secret.h"

namespace latchkey::crypto::password {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read and written as they lie in memory");

/// RFC 7693 §2.6.
constexpr std::array<std::uint64_t, 8> initial_state{
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

/// RFC 7693 §2.7: the order of the message's words in each round; rounds 10 and 11 are 0 and 1 again.
constexpr std::array<std::array<std::uint8_t, 16>, 10> schedule{{
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
}};
constexpr std::size_t rounds = 12;

/// RFC 7693 §3.1.
inline void mix(std::uint64_t& a, std::uint64_t& b, std::uint64_t& c, std::uint64_t& d, std::uint64_t x,
                std::uint64_t y) {
  a += b + x;
  d = std::rotr(d ^ a, 32);
  c += d;
  b = std::rotr(b ^ c, 24);
  a += b + y;
  d = std::rotr(d ^ a, 16);
  c += d;
  b = std::rotr(b ^ c, 63);
}

using State = std::array<std::uint64_t, 16>;

inline std::uint64_t word(const std::uint8_t* block, std::size_t index) {
  std::uint64_t word;
  std::memcpy(&word, block + index * sizeof word, sizeof word);
  return word;
}

/// One round, with its order of words known when it is compiled: looked up at run time, it took half as long
/// again.
template <std::size_t round>
inline void mix_round(State& v, const std::uint8_t* block) {
  constexpr auto order = schedule[round % schedule.size()];
  mix(v[0], v[4], v[8], v[12], word(block, order[0]), word(block, order[1]));
  mix(v[1], v[5], v[9], v[13], word(block, order[2]), word(block, order[3]));
  mix(v[2], v[6], v[10], v[14], word(block, order[4]), word(block, order[5]));
  mix(v[3], v[7], v[11], v[15], word(block, order[6]), word(block, order[7]));
  mix(v[0], v[5], v[10], v[15], word(block, order[8]), word(block, order[9]));
  mix(v[1], v[6], v[11], v[12], word(block, order[10]), word(block, order[11]));
  mix(v[2], v[7], v[8], v[13], word(block, order[12]), word(block, order[13]));
  mix(v[3], v[4], v[9], v[14], word(block, order[14]), word(block, order[15]));
}

template <std::size_t... round>
inline void mix_rounds(State& v, const std::uint8_t* block, std::index_sequence<round...>) {
  (mix_round<round>(v, block), ...);
}

}  // namespace

Blake2b::Blake2b(std::size_t digest_size) : state_(initial_state), digest_size_(digest_size) {
  if (digest_size < 1 || digest_size > max_digest_size)
    throw std::invalid_argument("a BLAKE2b digest's size");
  // The parameter block (§2.5) of a hash without key: the digest's size, fan-out 1, depth 1.
  state_[0] ^= 0x01010000 ^ digest_size;
}

Blake2b::~Blake2b() {
  wipe(state_.data(), sizeof state_);
  wipe(buffer_.data(), buffer_.size());
}

Blake2b& Blake2b::update(std::span<const std::uint8_t> message) {
  while (!message.empty()) {
    // A full block waits until more comes, since the last one is compressed otherwise.
    if (buffered_ == block_size) {
      compress(buffer_.data(), Last::no);
      buffered_ = 0;
    }
    const std::size_t taken = std::min(block_size - buffered_, message.size());
    std::memcpy(buffer_.data() + buffered_, message.data(), taken);
    buffered_ += taken;
    message = message.subspan(taken);
  }
  return *this;
}

Blake2b& Blake2b::update_le32(std::uint32_t number) {
  std::array<std::uint8_t, sizeof number> bytes;
  std::memcpy(bytes.data(), &number, sizeof number);
  return update(bytes);
}

void Blake2b::finish(std::span<std::uint8_t> digest) {
  if (digest.size() != digest_size_)
    throw std::invalid_argument("not the size that the digest was begun with");
  std::fill(buffer_.begin() + static_cast<std::ptrdiff_t>(buffered_), buffer_.end(), std::uint8_t{0});
  compress(buffer_.data(), Last::yes);
  std::memcpy(digest.data(), state_.data(), digest.size());
}

/// RFC 7693 §3.2. Counts the bytes of the buffer as hashed.
void Blake2b::compress(const std::uint8_t* block, Last last) {
  hashed_ += buffered_;

  State v;
  std::copy(state_.begin(), state_.end(), v.begin());
  std::copy(initial_state.begin(), initial_state.end(), v.begin() + 8);
  v[12] ^= hashed_;
  if (last == Last::yes) v[14] = ~v[14];

  mix_rounds(v, block, std::make_index_sequence<rounds>());
  for (std::size_t i = 0; i < state_.size(); ++i) state_[i] ^= v[i] ^ v[i + 8];
  wipe(v.data(), sizeof v);
}

}  // namespace latchkey::crypto::password
