#pragma once

#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "base/task.h"
#include "db/driver.h"

namespace latchkey::db {

class SqliteIoThread;

/// A job's place in the queues. It lies beside its job where the caller waits, so it may vanish as soon as
/// the caller is resumed: take `next` before.
struct Ticket {
  using Handler = asio::async_result<asio::use_awaitable_t<IoExecutor>, void()>::handler_type;

  explicit Ticket(Job& work, SqliteIoThread* from = nullptr) : job(work), home(from) {}

  Job& job;
  SqliteIoThread* home;  ///< nullptr: a thread blocks on `done`
  Ticket* next = nullptr;
  std::exception_ptr error;
  std::optional<Handler> resume;
  bool done = false;
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

}  // namespace latchkey::db
