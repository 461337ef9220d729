#include "db/ticket.h"

#include <boost/asio/post.hpp>

namespace latchkey::db {

/// Resumes the coroutines of one batch. When the event loop is destroyed before it ran, it lets them go, so
/// that their frames are freed with the loop.
class TicketHome::Resumption {
 public:
  Resumption(TicketHome& home, TicketList tickets) : home_(home), tickets_(std::move(tickets)) {}
  Resumption(Resumption&&) noexcept = default;
  Resumption& operator=(Resumption&&) = delete;
  ~Resumption() {
    while (Ticket* ticket = tickets_.pop()) {
      const std::optional<Ticket::Handler> dropped = take_handler(*ticket);
    }
  }

  void operator()() {
    home_.in_flight_ -= tickets_.size();
    if (home_.in_flight_ == 0) home_.work_.reset();
    resume_all();
  }

 private:
  /// The handler owns the frame in which the ticket lies.
  static std::optional<Ticket::Handler> take_handler(Ticket& ticket) {
    std::optional<Ticket::Handler> handler = std::move(ticket.resume);
    ticket.resume.reset();
    return handler;
  }

  void resume_all() {
    while (Ticket* ticket = tickets_.pop()) {
      auto handler = take_handler(*ticket);
      try {
        (*handler)();
      } catch (...) {
        // Leaves through the event loop, as it would have without us; the others must not suffer.
        if (!tickets_.empty()) {
          asio::post(home_.io_, [rest = std::move(*this)]() mutable { rest.resume_all(); });
        }
        throw;
      }
    }
  }

  TicketHome& home_;
  TicketList tickets_;
};

void TicketHome::post_done(TicketList tickets) { asio::post(io_, Resumption(*this, std::move(tickets))); }

void TicketHome::expect() {
  if (in_flight_++ == 0) work_.emplace(io_.get_executor());
}

void TicketHome::resume_now(TicketList tickets) { Resumption(*this, std::move(tickets))(); }

}  // namespace latchkey::db
