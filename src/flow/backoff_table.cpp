#include "flow/strangers.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "crypto/random.h"
#include "crypto/sha256.h"

namespace latchkey::flow {

std::optional<Microseconds> lock_after(std::int64_t failures, std::int64_t limit, Microseconds lock) {
  if (failures < limit) return std::nullopt;
  constexpr Microseconds longest = std::chrono::hours(1);
  const auto doublings = std::min<std::int64_t>(failures - limit, 20);
  return std::min(std::max(longest, lock), lock * (std::int64_t{1} << doublings));
}

Strangers::Strangers() : key_(crypto::random_array<32>()) {}

std::optional<Microseconds> Strangers::reserve(std::string_view email_key, Timestamp now, std::int64_t limit,
                                               Microseconds lock) {
  // Keyed, so that nobody can choose addresses that fall into one set.
  std::string keyed(reinterpret_cast<const char*>(key_.data()), key_.size());
  keyed += email_key;
  const auto digest = crypto::sha256(keyed);
  std::uint64_t tag = 0;
  std::uint64_t place = 0;
  std::memcpy(&tag, digest.data(), sizeof tag);
  std::memcpy(&place, digest.data() + sizeof tag, sizeof place);

  const std::lock_guard guard(mutex_);
  if (slots_.empty()) slots_.resize(ways * sets);
  const auto set = std::span(slots_).subspan(place % sets * ways, ways);
  auto slot = std::ranges::find(set, tag, &Slot::tag);
  if (slot == set.end()) {
    slot = std::ranges::min_element(set, {}, &Slot::failures);
    *slot = {.tag = tag, .failures = 0, .locked_until = {}};
  }
  if (slot->locked_until > now) return slot->locked_until - now;
  ++slot->failures;
  if (const auto wait = lock_after(slot->failures, limit, lock)) slot->locked_until = now + *wait;
  return std::nullopt;
}

}  // namespace latchkey::flow
