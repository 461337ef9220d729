#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/rate.h"
#include "base/time.h"

namespace latchkey {

/// Token buckets by name, any number of names in one mebibyte. A bucket that nobody names is full, and a full
/// bucket needs no room; so what takes room is only what was used within the time that its bucket takes to
/// fill. When all the room of a name is taken, the fullest bucket is forgotten: those who took most are not.
/// A restart forgets everything.
///
/// Any thread may call it. A bucket that is in use costs one atomic exchange and no lock; one that is not, a
/// lock that few share.
class TokenBuckets {
 public:
  /// What a bucket is for, and whose it is. Clients may choose `owner`: which buckets share their room
  /// follows from a secret.
  struct Name {
    std::uint64_t purpose = 0;  ///< `purpose_of` a literal
    std::uint64_t owner = 0;
  };
  static constexpr std::uint64_t purpose_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a: literals of ours, which nobody chooses
    for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
    return hash;
  }

  using Secret = std::array<std::uint64_t, 2>;
  /// Takes the room at the first bucket. `secret` is random.
  explicit TokenBuckets(const Secret& secret) : secret_(secret) {}

  /// Takes a token of the bucket. If there is none, answers how long until there is one, and takes nothing.
  /// All calls for one bucket must give the same rate. A clock that steps back delays nobody for longer than
  /// the bucket takes to fill.
  std::optional<Microseconds> take(const Name& name, const Rate& rate, Timestamp now);
  /// Takes a token also if there is none, ahead of its time, and answers how long it is until then. Nobody is
  /// ahead by more than `longest`: who asks oftener waits as long as that and pays nothing for it. For
  /// buckets that `take` is not called for.
  Microseconds take_ahead(const Name& name, const Rate& rate, Microseconds longest, Timestamp now);
  /// What `take` would answer.
  std::optional<Microseconds> wait_for(const Name& name, const Rate& rate, Timestamp now) const;
  /// Puts one token back that was taken for something that did not happen.
  void give_back(const Name& name, const Rate& rate);

  static constexpr std::size_t ways = 8;
  static constexpr std::size_t sets = 8192;

 private:
  /// Both are read and written atomically. A bucket is empty until `tag` names it.
  struct Slot {
    std::uint64_t tag;
    std::int64_t full_at;  ///< when it will be full again, in microseconds since 1970
  };
  struct Place {
    std::uint64_t tag = 0;
    std::size_t set = 0;
  };
  struct Free {
    void operator()(Slot* slots) const;
  };
  struct alignas(64) Lock {
    std::mutex mutex;
  };

  Place place_of(const Name& name) const;
  Slot* slots() const;
  Slot* find(const Place& place) const;
  /// False when somebody else has named it meanwhile.
  bool begin(const Place& place, std::int64_t full_at);

  const Secret secret_;
  mutable std::once_flag taken_;
  mutable std::unique_ptr<Slot, Free> slots_;
  std::array<Lock, 16> locks_;  ///< each for the sets of its number
};

}  // namespace latchkey
