#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

#include "base/task.h"
#include "db/driver.h"

namespace latchkey::db {

class TicketHome;

/// A job's place in the queues of a driver. It lies beside its job where the caller waits, so it may vanish
/// as soon as the caller is resumed: take `next` before.
struct Ticket {
  using Handler = asio::async_result<asio::use_awaitable_t<IoExecutor>, void()>::handler_type;
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit Ticket(Job& work, TicketHome* from = nullptr) : job(work), home(from) {}

  /// What has waited for longer when its connection breaks is answered, not run again: who asks gets a word
  /// within a second.
  bool is_young(SteadyTime now) const { return now - queued_at < std::chrono::milliseconds{300}; }

  Job& job;
  TicketHome* home;  ///< nullptr: a thread blocks on `done`
  Ticket* next = nullptr;
  std::exception_ptr error;
  std::optional<Handler> resume;
  bool done = false;
  // For drivers whose database may be away.
  bool reads = false;
  bool pooled = false;        ///< a connection with a thread of its own runs it
  std::uint8_t attempts = 0;  ///< runs that failed for no fault of the job
  SteadyTime queued_at{};     ///< when it came, in whichever queue it is now
};

/// Tickets in the order in which they came; owns none of them.
class TicketList {
 public:
  TicketList() = default;
  TicketList(TicketList&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)),
        last_(std::exchange(other.last_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  TicketList& operator=(TicketList&&) = delete;

  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }
  Ticket* first() const { return first_; }

  void push(Ticket& ticket) {
    ticket.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &ticket;
    last_ = &ticket;
    ++size_;
  }
  /// Moves all of `other` to the end.
  void append(TicketList&& other) {
    if (other.empty()) return;
    (last_ == nullptr ? first_ : last_->next) = other.first_;
    last_ = std::exchange(other.last_, nullptr);
    size_ += std::exchange(other.size_, 0);
    other.first_ = nullptr;
  }
  Ticket* pop() {
    Ticket* ticket = first_;
    if (ticket == nullptr) return nullptr;
    first_ = ticket->next;
    if (first_ == nullptr) last_ = nullptr;
    --size_;
    return ticket;
  }

 private:
  Ticket* first_ = nullptr;
  Ticket* last_ = nullptr;
  std::size_t size_ = 0;
};

/// An attached thread, as the thread that answers its tickets sees it. All but `post_done` is for that thread
/// alone.
class TicketHome {
 public:
  explicit TicketHome(asio::io_context& io) : io_(io) {}
  TicketHome(const TicketHome&) = delete;
  TicketHome& operator=(const TicketHome&) = delete;

  /// Any thread, once for each ticket that was expected: resume these on their own.
  void post_done(TicketList tickets);

  // For a driver's thread that answers several homes: what it has to post when its batch is committed, and
  // how many it has posted (under its mutex).
  TicketList done;
  std::uint64_t answered = 0;

 protected:
  ~TicketHome() = default;
  asio::io_context& io() { return io_; }
  /// One more ticket is under way: the event loop goes on until it is answered.
  void expect();
  /// Resumes at once, for a driver that works on the home's own thread.
  void resume_now(TicketList tickets);
  void let_loop_end() { work_.reset(); }

 private:
  class Resumption;

  asio::io_context& io_;
  std::size_t in_flight_ = 0;
  std::optional<asio::executor_work_guard<IoExecutor>> work_;  ///< held while tickets are under way
};

}  // namespace latchkey::db
