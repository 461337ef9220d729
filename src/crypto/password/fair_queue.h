#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "base/client_network.h"
#include "base/time.h"
#include "crypto/password/hash_job.h"

namespace latchkey::crypto::password {

/// The jobs that wait for a hashing thread. The clients take turns, one job each, so a client that sends
/// many waits for the others, and no client waits for one that sends many. A client that has nothing else
/// waiting or running goes before those that do, but after `most_newcomers` of them in a row one of the
/// others has its turn.
///
/// A client here is an IPv4 address or an IPv6 /48. The /64 networks of one /48 take turns within the turn of
/// the /48, so somebody who has a whole /48 gets no more than somebody with one address. A client whose jobs
/// take longer than `fair_turn` passes its next turns until that is made up for.
///
/// At most `limit` jobs wait. One client can have three quarters of the places. If no place is free, a job of
/// a client that has few takes the place of the newest job of the client that has most. So a client that has
/// nothing waiting is refused only if `limit` other clients have one job each.
///
/// Memory: what `limit` jobs and the running ones take. Not for two threads at once.
class FairQueue {
 public:
  /// What a job may take without being counted against its client's next turns.
  static constexpr Microseconds fair_turn = std::chrono::milliseconds(50);
  /// How many turns a client passes at most.
  static constexpr int most_passed_turns = 40;

  static constexpr int most_newcomers = 8;

  explicit FairQueue(std::size_t limit);

  /// Whether `push` would take a job of this client.
  bool has_room(const ClientNetwork& client) const { return find_place(client).kind != Place::Kind::none; }
  /// Takes the job, or not. Answers the job that has no place: nothing, the given one, or another client's.
  std::unique_ptr<HashJob> push(const ClientNetwork& client, std::unique_ptr<HashJob> job);

  struct Turn {
    ClientNetwork client;
    std::unique_ptr<HashJob> job;
  };
  /// The job whose turn it is. There must be one. `finish` has to follow for each.
  Turn take();
  /// A job of this client is done.
  void finish(const ClientNetwork& client, Microseconds took);

  /// All that wait.
  std::vector<std::unique_ptr<HashJob>> take_all();

  std::size_t size() const { return size_; }
  bool is_empty() const { return size_ == 0; }
  /// Of how many clients something is known: those that wait, and those whose jobs run.
  std::size_t client_count() const { return sites_.size(); }

 private:
  /// What waits of one network, the oldest first. Never empty.
  struct Line {
    ClientNetwork network;
    std::deque<std::unique_ptr<HashJob>> jobs;
  };
  /// An IPv4 address or an IPv6 /48.
  struct Site {
    std::deque<Line> lines;  ///< the one whose turn it is first
    std::size_t waiting = 0;
    std::size_t running = 0;
    Microseconds debt{0};
  };
  struct Place {
    enum class Kind : std::uint8_t { none, free, of_another };
    Kind kind = Kind::none;
    const ClientNetwork* site = nullptr;  ///< whose newest job has to go, for `of_another`
  };

  Place find_place(const ClientNetwork& client) const;
  static std::size_t longest_line(const Site& site);
  Site& next_site();
  std::unique_ptr<HashJob> remove_newest(Site& site);

  std::size_t limit_;
  std::size_t share_;
  std::size_t size_ = 0;
  std::map<ClientNetwork, Site> sites_;  ///< with something that waits or runs
  std::deque<Site*> newcomers_;          ///< those that have had nothing before, the next one first
  std::deque<Site*> turns_;              ///< the others with something that waits, the next one first
  int newcomers_in_a_row_ = 0;
};

}  // namespace latchkey::crypto::password
