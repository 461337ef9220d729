#include "flow/limits/backoff_table.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "crypto/random.h"
#include "crypto/sha256.h"

namespace latchkey::flow::limits {

std::optional<Microseconds> lock_after(std::int64_t failures, std::int64_t limit, Microseconds lock) {
  if (failures < limit) return std::nullopt;
  const auto doublings = std::min<std::int64_t>(failures - limit, 20);
  return std::min(std::max(longest_lock, lock), lock * (std::int64_t{1} << doublings));
}

BackoffTable::BackoffTable() : key_(crypto::random_array<32>()) {}

BackoffTable::Place BackoffTable::place_of(std::string_view key) const {
  // Keyed, so that nobody can choose keys that fall into one set.
  std::string keyed(reinterpret_cast<const char*>(key_.data()), key_.size());
  keyed += key;
  const auto digest = crypto::sha256(keyed);
  Place place;
  std::uint64_t set = 0;
  std::memcpy(&place.tag, digest.data(), sizeof place.tag);
  std::memcpy(&set, digest.data() + sizeof place.tag, sizeof set);
  place.set = set % sets;
  return place;
}

std::span<BackoffTable::Slot> BackoffTable::slots_of(const Place& place) {
  if (slots_.empty()) slots_.resize(ways * sets);
  return std::span(slots_).subspan(place.set * ways, ways);
}

std::optional<Microseconds> BackoffTable::reserve(std::string_view key, Timestamp now, std::int64_t limit,
                                                  Microseconds lock, std::int64_t last) {
  const Place place = place_of(key);
  const std::lock_guard guard(mutex_);
  const auto set = slots_of(place);
  auto slot = std::ranges::find(set, place.tag, &Slot::tag);
  if (slot == set.end()) {
    slot = std::ranges::min_element(set, {}, &Slot::failures);
    *slot = {.tag = place.tag, .failures = 0, .locked_until = {}};
  }
  if (slot->failures >= last) return longest_lock;
  if (slot->locked_until > now) return slot->locked_until - now;
  ++slot->failures;
  if (const auto wait = lock_after(slot->failures, limit, lock)) slot->locked_until = now + *wait;
  return std::nullopt;
}

std::int64_t BackoffTable::count(std::string_view key) {
  const Place place = place_of(key);
  const std::lock_guard guard(mutex_);
  const auto set = slots_of(place);
  const auto slot = std::ranges::find(set, place.tag, &Slot::tag);
  return slot == set.end() ? 0 : slot->failures;
}

void BackoffTable::give_back(std::string_view key) {
  const Place place = place_of(key);
  const std::lock_guard guard(mutex_);
  const auto set = slots_of(place);
  const auto slot = std::ranges::find(set, place.tag, &Slot::tag);
  if (slot == set.end() || slot->failures == 0) return;
  --slot->failures;
  slot->locked_until = {};
}

}  // namespace latchkey::flow::limits
