#include "db/postgres/io_thread.h"

#include <boost/asio/post.hpp>

namespace latchkey::db::postgres {

PostgresIoThread::PostgresIoThread(asio::io_context& loop, const PostgresOptions& options,
                                   PostgresHealth& health, PostgresCounters& counters, PostgresPool& pool)
    : TicketHome(loop),
      health_(health),
      pool_(pool),
      reads_(
          PostgresPipe::Use::read, loop, options, health, counters,
          [this](TicketList tickets) { this->answer(std::move(tickets)); },
          [this](Ticket& ticket) { return this->run_elsewhere(ticket); }),
      writes_(
          PostgresPipe::Use::write, loop, options, health, counters,
          [this](TicketList tickets) { this->answer(std::move(tickets)); },
          [this](Ticket& ticket) { return this->run_elsewhere(ticket); }) {
  spare_.emplace(health, [this, &loop] { asio::post(loop, [this] { look_up(); }); });
}

/// Where the server has no connection to spare for a pipe, those for transactions, of which there is one
/// before all others, do its work: slower, since nothing shares a commit there. A server that says
/// nothing at all is not tried in a second way.
void PostgresIoThread::admit(Ticket& ticket) {
  PostgresPipe& pipe = ticket.reads ? reads_ : writes_;
  ticket.pooled = ticket.job.kind() == Job::Kind::transaction || (pipe.is_away() && !health_.is_silent());
  if (ticket.pooled) {
    pool_.admit();
  } else {
    pipe.admit();
  }
}

/// The same for those that came while the pipe was looking for one, or waited for an answer.
bool PostgresIoThread::run_elsewhere(Ticket& ticket) {
  if (closing_ || health_.is_silent()) return false;
  try {
    pool_.admit();
  } catch (const Unavailable&) {
    return false;
  }
  ticket.pooled = true;
  give_to_pool(ticket);
  return true;
}

void PostgresIoThread::give_to_pool(Ticket& ticket) {
  ++pooled_;
  pool_.push(ticket);
}

void PostgresIoThread::start(Ticket& ticket) {
  expect();
  if (ticket.pooled) {
    give_to_pool(ticket);
  } else {
    (ticket.reads ? reads_ : writes_).queue(ticket);
  }
}

void PostgresIoThread::answer(TicketList tickets) {
  if (closing_) return post_done(std::move(tickets));
  resume_now(std::move(tickets));
}

void PostgresIoThread::look_up() {
  if (closing_) return;
  writes_.look_up();
  reads_.look_up();
}

void PostgresIoThread::close() {
  spare_.reset();
  closing_ = true;
  writes_.close();
  reads_.close();
  pool_.wait_for_answers(*this, pooled_);
  let_loop_end();
}

}  // namespace latchkey::db::postgres
