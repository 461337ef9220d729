#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/client_network.h"

namespace latchkey::http::wire {

/// What the connections of all listeners of the process hold together, and how much of it each client holds:
/// by it the listeners refuse clients that have too many and, when room is short, close connections of the
/// clients that hold most.
///
/// Any thread. A connection comes here when it begins, when it ends, and when it takes or gives back memory
/// beyond its first buffer: not with each request. It must outlive its listeners.
class Crowd {
 public:
  struct Bounds {
    std::size_t connections_of_one_client = std::numeric_limits<std::size_t>::max();
    std::size_t memory = std::numeric_limits<std::size_t>::max();  ///< bytes, of all connections
  };
  /// Whom a connection is counted by. A trusted proxy is nobody: its connections count for all clients
  /// together only, until it names the client whose body is still to come.
  using Holder = std::optional<ClientNetwork>;

  struct Share {
    std::size_t connections = 0;
    std::size_t memory = 0;
  };
  /// Who holds more than `level` of something: as much must be given up from those as they hold above it.
  struct Excess {
    std::size_t level = 0;
    std::unordered_map<ClientNetwork, Share> holders;
  };

  /// What a connection costs while it holds no more than its first buffer, the kernel's part included.
  static constexpr std::size_t cost_of_connection = 8 * 1024;

  explicit Crowd(Bounds bounds) : bounds_(bounds) {}
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// A connection's place: what it holds counts until it leaves, at the latest with this object. For the
  /// thread of the connection.
  class Place {
   public:
    Place(Place&& other) noexcept
        : crowd_(std::exchange(other.crowd_, nullptr)), holder_(other.holder_), memory_(other.memory_) {}
    Place& operator=(Place&&) = delete;
    ~Place() { leave(); }

    bool is_taken() const { return crowd_ != nullptr; }
    const Holder& holder() const { return holder_; }
    /// The bytes that the connection holds beyond `cost_of_connection`.
    std::size_t memory() const { return memory_; }
    void set_memory(std::size_t memory);
    /// Counts for another from now on. False, and all as it was, if that one has as many as it may have.
    bool count_as(const Holder& holder);
    void leave();

   private:
    friend class Crowd;
    Place(Crowd& crowd, const Holder& holder) : crowd_(&crowd), holder_(holder) {}

    Crowd* crowd_;  ///< null: has left
    Holder holder_;
    std::size_t memory_ = 0;
  };
  /// Nothing when the holder has as many connections as it may have.
  std::optional<Place> enter(const Holder& holder);

  bool is_over() const { return memory_.load(std::memory_order_relaxed) > bounds_.memory; }
  /// So far over the bound that a connection that takes more memory has to end: closing others has not kept
  /// pace.
  bool is_far_over() const { return memory_.load(std::memory_order_relaxed) > bounds_.memory / 8 * 9; }
  /// Bytes to give up until there is some room again; 0 if there is.
  std::size_t too_much() const;

  /// Whom to take `connections` from, or `memory` bytes: those who hold most, down to one level. Costs time
  /// in proportion to the number of clients.
  Excess excess_of_connections(std::size_t connections) const;
  Excess excess_of_memory(std::size_t memory) const;
  Share share_of(const Holder& holder) const;

  /// Listeners give up what they have of something when `ask_all` is called; `ask` is called from any thread,
  /// and must do no more than wake its own.
  enum class Need : std::uint8_t { memory, connections };
  using Ask = std::function<void(Need)>;
  void join(const void* listener, Ask ask);
  void part(const void* listener);
  void ask_all(Need need) const;

 private:
  bool add(const Holder& holder, std::size_t memory);
  void take_off(const Holder& holder, std::size_t memory);
  void change(const Holder& holder, std::size_t before, std::size_t now);
  Excess excess(std::size_t Share::*part, std::size_t amount) const;

  const Bounds bounds_;
  std::atomic<std::size_t> memory_{0};
  mutable std::mutex mutex_;
  std::unordered_map<ClientNetwork, Share> shares_;
  mutable std::mutex listeners_mutex_;
  std::map<const void*, Ask> listeners_;
};

}  // namespace latchkey::http::wire
