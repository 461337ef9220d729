// The part of Server that decides whose connections are given up when room is short.

#include <algorithm>
#include <tuple>

#include "base/log.h"
#include "http/counters.h"
#include "http/wire/connection.h"
#include "http/wire/server.h"

namespace latchkey::http::wire {

namespace {

constexpr std::size_t room_to_make = 64;
/// A client with fewer connections keeps those that it has just begun to use.
constexpr std::size_t few_connections = 8;
constexpr auto quiet_for_long = std::chrono::seconds(1);

}  // namespace

bool Server::make_room() {
  const Crowd::Excess excess = crowd.excess_of_connections(room_to_make);
  const std::size_t level = std::max(excess.level, few_connections);
  const bool some_hold_more =
      std::ranges::any_of(excess.holders, [&](const auto& one) { return one.second.connections > level; });
  // While some hold more than others, only theirs are given up; unless room is short in this listener alone.
  const bool quiet_ones_go = !some_hold_more || open.size() >= options.limits.connections;

  // First the connections of clients that hold more than others, of those the idle ones, of those the one
  // that has been quiet longest.
  using Candidate = std::tuple<bool, bool, SteadyClock::time_point, Connection*>;
  std::vector<Candidate> candidates;
  for (Connection* connection : open) {
    if (!connection->may_be_given_up()) continue;
    const Crowd::Holder& holder = connection->place().holder();
    const auto found = holder ? excess.holders.find(*holder) : excess.holders.end();
    const bool holds_more = found != excess.holders.end() && found->second.connections > level;
    const bool is_quiet = swept_at - connection->phase_entered_at() > quiet_for_long;
    if (holds_more || (quiet_ones_go && is_quiet))
      candidates.emplace_back(!holds_more, !connection->is_idle(), connection->phase_entered_at(),
                              connection);
  }
  const std::size_t looked_at = std::min(candidates.size(), room_to_make);
  std::ranges::partial_sort(candidates, candidates.begin() + static_cast<std::ptrdiff_t>(looked_at));
  candidates.resize(looked_at);
  std::size_t count = 0;
  bool others_made_room = false;
  for (const auto& [holds_less, is_busy, since, connection] : candidates) {
    if (!holds_less && crowd.share_of(connection->place().holder()).connections <= level) {
      others_made_room = true;
      continue;
    }
    if (count++ == 0) report("given up", "too few descriptors", connection->peer());
    connection->give_up();
  }
  counters::connections_given_up.add(count);
  return count > 0 || others_made_room;
}

void Server::give_up(Crowd::Need need) {
  asked_[static_cast<std::size_t>(need)] = false;
  if (need == Crowd::Need::memory) return give_up_memory();
  make_room();
}

void Server::give_up_memory() {
  const std::size_t too_much = crowd.too_much();
  if (too_much == 0) return;
  const Crowd::Excess excess = crowd.excess_of_memory(too_much);
  using Candidate = std::tuple<std::size_t, SteadyClock::time_point, Connection*>;
  std::vector<Candidate> candidates;
  for (Connection* connection : open) {
    const Crowd::Place& place = connection->place();
    if (place.holder() && excess.holders.contains(*place.holder()) && connection->may_be_given_up())
      candidates.emplace_back(SIZE_MAX - place.memory(), connection->phase_entered_at(), connection);
  }
  std::ranges::sort(candidates);
  std::size_t count = 0;
  for (const auto& [room, since, connection] : candidates) {
    // Other listeners take from the same clients meanwhile.
    if (crowd.share_of(connection->place().holder()).memory <= excess.level) continue;
    if (count++ == 0) report("given up", "too little memory", connection->peer());
    connection->give_up();
  }
  counters::connections_given_up.add(count);
}

void Server::report(const char* what, const char* why, const std::string& address) {
  const auto now = SteadyClock::now();
  if (now - reported_client_at_ < between_reports) return;
  reported_client_at_ = now;
  log::warn("http.client_holds_too_much",
            {{"what", what}, {"why", why}, {"address", address}, {"connections", open.size()}});
}

}  // namespace latchkey::http::wire
