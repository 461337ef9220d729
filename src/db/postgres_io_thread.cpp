#include "db/postgres_io_thread.h"

namespace latchkey::db {

PostgresIoThread::PostgresIoThread(asio::io_context& loop, const PostgresOptions& options,
                                   PostgresHealth& health, PostgresCounters& counters, PostgresPool& pool)
    : TicketHome(loop),
      pool_(pool),
      reads_(PostgresPipe::Use::read, loop, options, health, counters,
             [this](TicketList tickets) { this->answer(std::move(tickets)); }),
      writes_(PostgresPipe::Use::write, loop, options, health, counters,
              [this](TicketList tickets) { this->answer(std::move(tickets)); }) {}

void PostgresIoThread::admit(const Job& job, PostgresPool::Use use) {
  if (job.kind() == Job::Kind::transaction) return pool_.admit();
  (use == PostgresPool::Use::read ? reads_ : writes_).admit();
}

void PostgresIoThread::start(Ticket& ticket) {
  expect();
  if (ticket.job.kind() == Job::Kind::transaction) {
    ++pooled_;
    pool_.push(ticket);
  } else {
    (ticket.reads ? reads_ : writes_).queue(ticket);
  }
}

void PostgresIoThread::answer(TicketList tickets) {
  if (closing_) return post_done(std::move(tickets));
  resume_now(std::move(tickets));
}

void PostgresIoThread::close() {
  closing_ = true;
  writes_.close();
  reads_.close();
  pool_.wait_for_answers(*this, pooled_);
  let_loop_end();
}

}  // namespace latchkey::db
