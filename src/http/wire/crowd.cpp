#include "http/wire/crowd.h"

#include <algorithm>
#include <vector>

namespace latchkey::http::wire {

std::optional<Crowd::Place> Crowd::enter(const Holder& holder) {
  if (!add(holder, cost_of_connection)) return std::nullopt;
  return Place(*this, holder);
}

void Crowd::Place::set_memory(std::size_t memory) {
  if (is_taken()) crowd_->change(holder_, memory_, memory);
  memory_ = memory;
}

bool Crowd::Place::count_as(const Holder& holder) {
  if (!is_taken()) return true;
  if (!crowd_->add(holder, cost_of_connection + memory_)) return false;
  crowd_->take_off(holder_, cost_of_connection + memory_);
  holder_ = holder;
  return true;
}

void Crowd::Place::leave() {
  if (is_taken()) std::exchange(crowd_, nullptr)->take_off(holder_, cost_of_connection + memory_);
}

bool Crowd::add(const Holder& holder, std::size_t memory) {
  if (holder) {
    const std::lock_guard lock(mutex_);
    Share& share = shares_[*holder];
    if (share.connections >= bounds_.connections_of_one_client) return false;
    ++share.connections;
    share.memory += memory;
  }
  memory_.fetch_add(memory, std::memory_order_relaxed);
  return true;
}

void Crowd::take_off(const Holder& holder, std::size_t memory) {
  memory_.fetch_sub(memory, std::memory_order_relaxed);
  if (!holder) return;
  const std::lock_guard lock(mutex_);
  const auto found = shares_.find(*holder);
  found->second.memory -= memory;
  if (--found->second.connections == 0) shares_.erase(found);
}

void Crowd::change(const Holder& holder, std::size_t before, std::size_t now) {
  // Unsigned numbers wrap, so a difference below zero takes off.
  memory_.fetch_add(now - before, std::memory_order_relaxed);
  if (!holder) return;
  const std::lock_guard lock(mutex_);
  shares_.at(*holder).memory += now - before;
}

std::size_t Crowd::too_much() const {
  const std::size_t memory = memory_.load(std::memory_order_relaxed);
  // An eighth is made free at once, so that not each connection that comes has to look for some.
  return memory > bounds_.memory ? memory - bounds_.memory / 8 * 7 : 0;
}

Crowd::Excess Crowd::excess_of_connections(std::size_t connections) const {
  return excess(&Share::connections, connections);
}

Crowd::Excess Crowd::excess_of_memory(std::size_t memory) const { return excess(&Share::memory, memory); }

Crowd::Excess Crowd::excess(std::size_t Share::*part, std::size_t amount) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::size_t> held;
  held.reserve(shares_.size());
  for (const auto& [holder, share] : shares_) held.push_back(share.*part);
  std::ranges::sort(held, std::greater<>());
  // With the level at what the next holder has, all before it give what they have above that.
  Excess excess;
  std::size_t given = 0;
  for (std::size_t i = 0; i < held.size(); ++i) {
    const std::size_t next = i + 1 < held.size() ? held[i + 1] : 0;
    const std::size_t step = (held[i] - next) * (i + 1);
    if (given + step >= amount) {
      const std::size_t still = (amount - given + i) / (i + 1);  // of each, rounded up
      excess.level = held[i] - std::min(still, held[i]);
      break;
    }
    given += step;
  }
  for (const auto& [holder, share] : shares_)
    if (share.*part > excess.level) excess.holders.emplace(holder, share);
  return excess;
}

Crowd::Share Crowd::share_of(const Holder& holder) const {
  if (!holder) return {};
  const std::lock_guard lock(mutex_);
  const auto found = shares_.find(*holder);
  return found == shares_.end() ? Share{} : found->second;
}

void Crowd::join(const void* listener, Ask ask) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.insert_or_assign(listener, std::move(ask));
}

void Crowd::part(const void* listener) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.erase(listener);
}

void Crowd::ask_all(Need need) const {
  const std::lock_guard lock(listeners_mutex_);
  for (const auto& [listener, ask] : listeners_) ask(need);
}

}  // namespace latchkey::http::wire
