// How a pipe comes by its connection, and what becomes of its tickets when it loses it.

#include <poll.h>

#include <boost/asio/post.hpp>
#include <system_error>

#include "db/postgres/pipe.h"

namespace latchkey::db::postgres {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr const char* no_spare = "the database has no connection to spare";

}  // namespace

PostgresPipe::PostgresPipe(Use use, asio::io_context& io, const PostgresOptions& options,
                           PostgresHealth& health, PostgresCounters& counters, Answer answer,
                           Elsewhere elsewhere)
    : use_(use),
      io_(io),
      options_(options),
      all_(health),
      health_(health, PostgresHealth::Need::may),
      counters_(counters),
      answer_(std::move(answer)),
      elsewhere_(std::move(elsewhere)),
      timers_(std::in_place, io) {
  start_connecting();
}

PostgresPipe::~PostgresPipe() {
  if (connector_.joinable()) connector_.join();
}

/// On a thread of its own: resolving a name and trying one host after another block.
void PostgresPipe::start_connecting() {
  if (all_.lacks_connection()) return go_away(no_spare);
  state_ = State::connecting;
  const std::uint64_t epoch = ++epoch_;
  if (connector_.joinable()) connector_.join();  // its last act was to post
  generation_ = all_.generation();
  progress_at_ = SteadyClock::now();
  try {
    connector_ = std::thread([this, epoch, &io = io_] {
      PostgresHandle handle;
      std::string why;
      try {
        handle = connect_postgres(options_, all_.preferred());
        if (PQenterPipelineMode(handle.get()) != 1) why = last_words(handle.get());
      } catch (const std::exception& error) {
        why = error.what();
      }
      asio::post(io, [this, epoch, handle = std::move(handle), why = std::move(why)]() mutable {
        if (epoch == epoch_ && state_ == State::connecting) connected(std::move(handle), why);
      });
    });
  } catch (const std::system_error& error) {
    connected(nullptr, error.what());
  }
}

void PostgresPipe::connected(PostgresHandle handle, const std::string& why_not) {
  if (!why_not.empty() || all_.lacks_connection()) {
    go_away(why_not.empty() ? no_spare : why_not);
    return hand_over();
  }
  handle_ = std::move(handle);
  notices_.listen_to(handle_.get());
  try {
    socket_.emplace(io_, PQsocket(handle_.get()));
  } catch (const std::exception& error) {  // the kernel has no room to watch one more
    disconnect();
    go_away(error.what());
    return hand_over();
  }
  state_ = State::ready;
  unanswered_ = false;
  backoff_.reset();
  health_.up();
  send_waiting();
  hand_over();
}

void PostgresPipe::go_away(const std::string& why) {
  state_ = State::away;
  makes_way_ = false;
  unanswered_ = false;
  why_away_ = why;
  health_.down(why);
  for (TicketList* tickets : {&alone_, &waiting_}) {
    hand_on(*tickets);
    refuse_all(*tickets, why);
  }
  retry_later();
}

void PostgresPipe::look_up() {
  if (state_ != State::ready) return;
  makes_way_ = true;
  send_waiting();
  finish_turn();
}

void PostgresPipe::leave_connection() {
  disconnect();
  go_away(no_spare);
}

void PostgresPipe::retry_later() {
  timers_->reconnect.expires_after(backoff_.next());
  timers_->reconnect.async_wait([this](const boost::system::error_code& error) {
    if (!error && state_ == State::away) start_connecting();
  });
}

void PostgresPipe::disconnect() {
  if (socket_) socket_->release();  // libpq closes it
  socket_.reset();
  handle_.reset();
  prepared_.clear();
  reading_ = writing_ = false;
  empty_answers_ = 0;
  ++epoch_;
}

void PostgresPipe::lose(const std::string& why) {
  disconnect();
  while (!batches_.empty()) {
    Batch batch = std::move(batches_.front());
    batches_.pop_front();
    give_back(batch, why);
  }
  if (state_ == State::closed) {
    refuse_all(alone_, why);
    refuse_all(waiting_, why);
    return;
  }
  // At once: where one host of several is gone, another answers. What waits is refused if none does.
  start_connecting();
}

/// A batch that was sent in full may have been committed, unless an error came before.
void PostgresPipe::give_back(Batch& batch, const std::string& why) {
  const bool taken_back = batch.error && batch.culprit != nullptr && !batch.outcome_open;
  const bool unknown = use_ == Use::write && batch.sync_sent && !taken_back;
  for (Ticket* ticket : batch.tickets) {
    const bool again = !unknown && state_ != State::closed && ticket->attempts++ == 0 &&
                       ticket->is_young(SteadyClock::now());
    if (again) {
      ticket->error = nullptr;
      waiting_.push(*ticket);
      continue;
    }
    ticket->error =
        unknown ? std::make_exception_ptr(OutcomeUnknown(why)) : std::make_exception_ptr(Unavailable(why));
    done(*ticket);
  }
}

void PostgresPipe::refuse_all(TicketList& tickets, const std::string& why) {
  while (Ticket* ticket = tickets.pop()) {
    ticket->error = std::make_exception_ptr(Unavailable(why));
    done(*ticket);
  }
}

void PostgresPipe::hand_on(TicketList& tickets) {
  TicketList rest;
  while (Ticket* ticket = tickets.pop()) {
    if (elsewhere_(*ticket)) {
      --size_;
    } else {
      rest.push(*ticket);
    }
  }
  tickets.append(std::move(rest));
}

void PostgresPipe::close() {
  const auto deadline = SteadyClock::now() + options_.statement_timeout;
  while (state_ == State::ready && size_ > 0 && SteadyClock::now() < deadline) {
    alone_paused_ = false;
    send_waiting();
    if (!handle_) break;
    const int unsent = PQflush(handle_.get());
    pollfd socket{.fd = PQsocket(handle_.get()),
                  .events = static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0)),
                  .revents = 0};
    ::poll(&socket, 1, 100);
    const bool alive = take_input(handle_.get());
    take_results();
    if (!alive && handle_) lose(last_words(handle_.get()));
  }
  state_ = State::closed;
  lose("the server is stopping");
  timers_.reset();
  if (connector_.joinable()) connector_.join();
  health_.up();
  hand_over();
}

}  // namespace latchkey::db::postgres
