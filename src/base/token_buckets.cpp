#include "base/token_buckets.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace latchkey {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

std::int64_t load(std::int64_t& number) { return std::atomic_ref(number).load(relaxed); }
std::uint64_t load(std::uint64_t& number) { return std::atomic_ref(number).load(relaxed); }

/// Every bit of the result depends on every bit of `bits` (the finalizer of MurmurHash3, with other numbers).
std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ bits >> 32U) * 0xd6e8feb86659fd93U;
  bits = (bits ^ bits >> 32U) * 0xd6e8feb86659fd93U;
  return bits ^ bits >> 32U;
}

std::int64_t count(Timestamp at) { return at.time_since_epoch().count(); }

/// What stands in a bucket is never further away than an empty bucket, but for what lies between two readings
/// of the clock. Beyond that the clock has stepped back.
constexpr Microseconds between_readings = std::chrono::minutes(10);

/// When the bucket would be full after one more token was taken. Of a time that has not come yet a bucket
/// says nothing: it is taken for full, or nobody would get anything until the clock is there again.
std::int64_t after_one_more(std::int64_t full_at, const Rate& rate, std::int64_t now) {
  if (full_at - now > (rate.per + between_readings).count()) full_at = now;
  return std::clamp(full_at, now, now + rate.per.count()) + rate.interval().count();
}

std::optional<Microseconds> wait_until(std::int64_t full_at, const Rate& rate, std::int64_t now) {
  const std::int64_t missing = full_at - now - rate.per.count();
  if (missing <= 0) return std::nullopt;
  return Microseconds{missing};
}

}  // namespace

void TokenBuckets::Free::operator()(Slot* slots) const { std::free(slots); }

TokenBuckets::Slot* TokenBuckets::slots() const {
  // The kernel gives zeroed pages when they are first written: what nobody uses takes no memory.
  std::call_once(taken_, [this] {
    slots_.reset(static_cast<Slot*>(std::calloc(ways * sets, sizeof(Slot))));
    if (slots_ == nullptr) throw std::bad_alloc();
  });
  return slots_.get();
}

TokenBuckets::Place TokenBuckets::place_of(const Name& name) const {
  const std::uint64_t bits = mix(mix(name.owner ^ secret_[0]) + mix(name.purpose ^ secret_[1]));
  return {.tag = std::max<std::uint64_t>(bits, 1), .set = static_cast<std::size_t>(bits >> 48U) % sets};
}

TokenBuckets::Slot* TokenBuckets::find(const Place& place) const {
  Slot* const first = slots() + place.set * ways;
  Slot* const last = first + ways;
  Slot* const found = std::find_if(first, last, [&](Slot& slot) { return load(slot.tag) == place.tag; });
  return found == last ? nullptr : found;
}

bool TokenBuckets::begin(const Place& place, std::int64_t full_at) {
  const std::lock_guard guard(locks_[place.set % locks_.size()].mutex);
  if (find(place) != nullptr) return false;
  Slot* const first = slots() + place.set * ways;
  Slot* const fullest = std::min_element(
      first, first + ways, [](Slot& one, Slot& other) { return load(one.full_at) < load(other.full_at); });
  // In this order: a thread that still finds the old tag takes one token too many of the new bucket, no more.
  std::atomic_ref(fullest->full_at).store(full_at, relaxed);
  std::atomic_ref(fullest->tag).store(place.tag, relaxed);
  return true;
}

std::optional<Microseconds> TokenBuckets::take(const Name& name, const Rate& rate, Timestamp at) {
  if (rate.is_off()) return std::nullopt;
  const Place place = place_of(name);
  const std::int64_t now = count(at);
  for (;;) {
    Slot* const slot = find(place);
    if (slot == nullptr) {
      if (begin(place, now + rate.interval().count())) return std::nullopt;
      continue;
    }
    std::int64_t full_at = load(slot->full_at);
    const std::int64_t then = after_one_more(full_at, rate, now);
    if (const auto wait = wait_until(then, rate, now)) return wait;
    if (std::atomic_ref(slot->full_at).compare_exchange_strong(full_at, then, relaxed)) return std::nullopt;
  }
}

Microseconds TokenBuckets::take_ahead(const Name& name, const Rate& rate, Microseconds longest,
                                      Timestamp at) {
  if (rate.is_off()) return Microseconds{0};
  const Place place = place_of(name);
  const std::int64_t now = count(at);
  const std::int64_t interval = rate.interval().count();
  const std::int64_t latest = now + rate.per.count() + longest.count();
  for (;;) {
    Slot* const slot = find(place);
    if (slot == nullptr) {
      if (begin(place, now + interval)) return Microseconds{0};
      continue;
    }
    std::int64_t full_at = load(slot->full_at);
    const std::int64_t then = std::min(std::max(full_at, now) + interval, latest);
    if (std::atomic_ref(slot->full_at).compare_exchange_strong(full_at, then, relaxed))
      return wait_until(then, rate, now).value_or(Microseconds{0});
  }
}

std::optional<Microseconds> TokenBuckets::wait_for(const Name& name, const Rate& rate, Timestamp at) const {
  if (rate.is_off()) return std::nullopt;
  Slot* const slot = find(place_of(name));
  if (slot == nullptr) return std::nullopt;
  return wait_until(after_one_more(load(slot->full_at), rate, count(at)), rate, count(at));
}

void TokenBuckets::give_back(const Name& name, const Rate& rate) {
  if (rate.is_off()) return;
  if (Slot* const slot = find(place_of(name)))
    std::atomic_ref(slot->full_at).fetch_sub(rate.interval().count(), relaxed);
}

}  // namespace latchkey
