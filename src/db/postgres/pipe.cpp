#include "db/postgres/pipe.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/test_point.h"
#include "db/counters.h"
#include "db/dialect.h"
#include "db/postgres/values.h"

namespace latchkey::db::postgres {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

/// Reads wait for nothing, so the next batch need not wait for the last; writes that come up while one is
/// synced share the next sync.
constexpr std::size_t read_depth = 4;
constexpr std::size_t write_depth = 1;
/// What is sent can not be refused any more, and each may take until the server gives it up.
constexpr std::size_t alone_depth = 2;

/// What helps a statement that failed.
enum class Remedy : std::uint8_t { none, run_again, prepare_again };

Remedy remedy_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const SerializationFailure&) {
    return Remedy::run_again;
  } catch (const StalePlan&) {
    return Remedy::prepare_again;
  } catch (...) {
    return Remedy::none;
  }
}

}  // namespace

void PostgresPipe::admit() {
  if (is_away()) {
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    throw Unavailable(why_away_);
  }
  if (size_ >= options_.max_queue) {
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    throw Unavailable("too many statements wait for the database");
  }
}

void PostgresPipe::queue(Ticket& ticket) {
  ticket.queued_at = SteadyClock::now();
  waiting_.push(ticket);
  ++size_;
  if (!watching_) watch();
  if (std::exchange(end_of_turn_posted_, true)) return;
  asio::post(io_, [this] { end_turn(); });
}

void PostgresPipe::end_turn() {
  end_of_turn_posted_ = false;
  if (state_ == State::closed) return;
  send_waiting();
  finish_turn();
}

/// The last thing of everything that the event loop calls: who is resumed may queue more.
void PostgresPipe::finish_turn() {
  if (state_ != State::closed) wait_for_socket();
  hand_over();
}

void PostgresPipe::hand_over() {
  if (!done_.empty()) answer_(std::move(done_));
}

void PostgresPipe::done(Ticket& ticket) {
  --size_;
  counters_.jobs.fetch_add(1, std::memory_order_relaxed);
  if (use_ == Use::write) counters::writes.add();
  done_.push(ticket);
}

void PostgresPipe::send_waiting() {
  makes_way_ = makes_way_ && all_.lacks_connection();
  if (makes_way_ && state_ == State::ready) {
    if (batches_.empty()) leave_connection();
    return;
  }
  if (state_ == State::ready && generation_ != all_.generation()) {
    if (batches_.empty()) lose("the database is another one now");
    return;
  }
  if (state_ != State::ready || unanswered_ || (waiting_.empty() && alone_.empty())) return;
  // Nobody listened while nothing was under way.
  if (batches_.empty() && !is_alive(handle_.get())) return lose(last_words(handle_.get()));
  while (handle_ && !alone_.empty() && !alone_paused_ && batches_.size() < alone_depth) send({alone_.pop()});
  const std::size_t depth = use_ == Use::read ? read_depth : write_depth;
  while (handle_ && !waiting_.empty() && batches_.size() < depth) {
    std::vector<Ticket*> tickets;
    while (tickets.size() < options_.max_batch && !waiting_.empty()) tickets.push_back(waiting_.pop());
    send(tickets);
  }
}

/// Rows are locked until the sync: two batches that lock the same rows in different order would stop each
/// other. A unit's place is that of its first statement.
void PostgresPipe::put_in_lock_order(std::vector<Ticket*>& tickets) {
  struct Place {
    std::string_view table;
    Value key;
    std::string_view sql;
    Ticket* ticket;
  };
  std::vector<Place> places;
  for (Ticket* ticket : tickets) {
    const StatementCall& first = *ticket->job.calls().front();
    const StatementText& text = first.text();
    std::array<Value, max_postgres_parameters> values;
    first.encode(values);
    const bool has_key = text.key < text.parameters.size();
    places.push_back({text.table, has_key ? values[text.key] : Value{}, text.sql, ticket});
  }
  std::ranges::stable_sort(places, [](const Place& a, const Place& b) {
    if (a.table != b.table) return a.table < b.table;
    if (comes_before(a.key, b.key)) return true;
    return !comes_before(b.key, a.key) && a.sql < b.sql;
  });
  std::ranges::transform(places, tickets.begin(), &Place::ticket);
}

std::vector<Ticket*> PostgresPipe::sendable(const std::vector<Ticket*>& tickets) {
  std::vector<Ticket*> result;
  for (Ticket* ticket : tickets) {
    for (const StatementCall* call : ticket->job.calls()) {
      if (!ticket->error) ticket->error = refusal_of(call->text());
    }
    ticket->error ? done(*ticket) : result.push_back(ticket);
  }
  return result;
}

std::exception_ptr PostgresPipe::refusal_of(const StatementText& text) {
  Prepared& prepared = prepared_[text.sql.data()];
  if (prepared.name.empty()) {
    // The server takes a statement that leaves parameters out.
    if (count_placeholders(text.sql) != text.parameters.size()) {
      return std::make_exception_ptr(
          Fault("a statement has not as many placeholders as parameters: " + std::string(text.sql)));
    }
    prepared.name = "s" + std::to_string(++names_);
  }
  return nullptr;
}

bool PostgresPipe::send_preparations(Batch& batch) {
  for (const Sent& sent : batch.statements) {
    const StatementText& text = sent.call->text();
    Prepared& prepared = prepared_[text.sql.data()];
    if (std::exchange(prepared.asked, true)) continue;
    batch.preparing.push_back(text.sql.data());
    const std::string sql(text.sql);
    const PostgresTypes types(text.parameters);
    if (PQsendPrepare(handle_.get(), prepared.name.c_str(), sql.c_str(), types.size(), types.data()) == 0)
      return false;
  }
  batch.awaits_preparing = !batch.preparing.empty();
  return batch.preparing.empty() || PQpipelineSync(handle_.get()) == 1;
}

bool PostgresPipe::send_statement(const StatementCall& call) {
  const StatementText& text = call.text();
  std::array<Value, max_postgres_parameters> values;
  call.encode(values);
  const PostgresParameters parameters(std::span<const Value>(values).first(text.parameters.size()));
  return PQsendQueryPrepared(handle_.get(), prepared_[text.sql.data()].name.c_str(), parameters.size(),
                             parameters.values(), parameters.lengths(), parameters.formats(), 1) == 1;
}

void PostgresPipe::send(const std::vector<Ticket*>& tickets) {
  Batch batch;
  batch.tickets = sendable(tickets);
  if (batch.tickets.empty()) return;
  if (use_ == Use::write && batch.tickets.size() > 1) put_in_lock_order(batch.tickets);
  for (Ticket* ticket : batch.tickets) {
    for (StatementCall* call : ticket->job.calls()) batch.statements.push_back({ticket, call});
  }
  if (batches_.empty()) progress_at_ = SteadyClock::now();
  bool sent = send_preparations(batch);
  for (const Sent& statement : batch.statements) sent = sent && send_statement(*statement.call);
  batch.sync_sent = sent;
  sent = sent && PQpipelineSync(handle_.get()) == 1;
  batches_.push_back(std::move(batch));
  if (!sent) lose(last_words(handle_.get()));
}

void PostgresPipe::wait_for_socket() {
  if (!socket_) return;
  const int unsent = PQflush(handle_.get());
  if (unsent < 0) return lose(last_words(handle_.get()));
  using Wait = asio::posix::stream_descriptor::wait_type;
  if (unsent > 0 && !std::exchange(writing_, true)) {
    socket_->async_wait(Wait::wait_write, [this, epoch = epoch_](const boost::system::error_code&) {
      if (epoch != epoch_) return;
      writing_ = false;
      finish_turn();
    });
  }
  if (!batches_.empty() && !std::exchange(reading_, true)) {
    socket_->async_wait(Wait::wait_read, [this, epoch = epoch_](const boost::system::error_code&) {
      if (epoch != epoch_) return;
      reading_ = false;
      on_readable();
    });
  }
}

void PostgresPipe::on_readable() {
  const bool alive = take_input(handle_.get());
  take_results();
  if (!alive && handle_) lose(last_words(handle_.get()));
  send_waiting();
  finish_turn();
}

void PostgresPipe::take_results() {
  while (handle_ && !batches_.empty() && PQisBusy(handle_.get()) == 0) {
    const PostgresResult result(PQgetResult(handle_.get()));
    note_answer();
    if (result) {
      empty_answers_ = 0;
      take_result(result.get());
    } else if (++empty_answers_ > 2) {
      lose("libpq has no answer to what was sent");
    } else {
      end_statement();
    }
  }
}

void PostgresPipe::Batch::fail(const PGresult* result, std::string_view sql) {
  error = error_of(result, sql);
  fatal = is_fatal(result);
  outcome_open = leaves_outcome_open(result);
}

void PostgresPipe::take_result(const PGresult* result) {
  // Not the server's word but libpq's, which has lost it: nothing is known of what was sent.
  if (is_failure(result) && PQresultErrorField(result, PG_DIAG_SQLSTATE) == nullptr)
    return lose(last_words(handle_.get()));
  Batch& batch = batches_.front();
  const auto status = PQresultStatus(result);
  if (status == PGRES_PIPELINE_SYNC) {
    if (std::exchange(batch.awaits_preparing, false)) return;
    return finish_batch();
  }
  if (batch.awaits_preparing) {
    if (status == PGRES_COMMAND_OK || batch.prepared == batch.preparing.size()) return;
    const char* sql = batch.preparing[batch.prepared];
    prepared_[sql].asked = false;
    if (!is_failure(result)) return;  // it was not looked at: one before it was refused
    batch.unprepared = sql;
    batch.why_unprepared = error_of(result, "a statement that is prepared");
    return;
  }
  if (batch.error || status == PGRES_PIPELINE_ABORTED) return;
  const bool at_commit = batch.answered == batch.statements.size();
  if (at_commit) {
    if (!is_failure(result)) return;
    batch.fail(result, "the commit");
    return;
  }
  const auto& [ticket, call] = batch.statements[batch.answered];
  if (is_failure(result)) {
    batch.fail(result, call->text().sql);
    batch.culprit = ticket;
    // It only says that there is no such statement.
    if (call->text().sql.data() == batch.unprepared) batch.error = batch.why_unprepared;
    return;
  }
  try {
    call->begin();
    call->finish(read_rows(result, call->text(), *call));
  } catch (...) {
    ticket->error = std::current_exception();
  }
}

void PostgresPipe::end_statement() {
  Batch& batch = batches_.front();
  if (batch.awaits_preparing) {
    ++batch.prepared;
  } else if (batch.answered < batch.statements.size()) {
    ++batch.answered;
  }
}

void PostgresPipe::finish_batch() {
  Batch batch = std::move(batches_.front());
  batches_.pop_front();
  if (!batch.error) {
    counters_.commits.fetch_add(1, std::memory_order_relaxed);
    if (use_ == Use::write) {
      counters::batches.add();
      test_point("commit.after");
    }
    // libpq has handed us the notices up to this sync, and none from behind it.
    const bool unknown = notices_.take_unreplicated();
    for (Ticket* ticket : batch.tickets) {
      if (unknown) ticket->error = std::make_exception_ptr(OutcomeUnknown(unreplicated));
      done(*ticket);
    }
    return;
  }
  if (batch.culprit == nullptr && batch.tickets.size() == 1) batch.culprit = batch.tickets.front();
  const bool outcome_open = use_ == Use::write && batch.outcome_open;
  for (Ticket* ticket : batch.tickets) {
    ticket->error = nullptr;
    if (outcome_open || ticket == batch.culprit) {
      settle_failed(*ticket, batch.error);
    } else {
      alone_.push(*ticket);
    }
  }
  if (batch.fatal) lose("the server takes no more writes on this connection");
}

void PostgresPipe::settle_failed(Ticket& ticket, const std::exception_ptr& error) {
  const Remedy remedy = remedy_of(error);
  if (remedy != Remedy::none && ++ticket.attempts < options_.max_attempts) {
    for (const StatementCall* call : ticket.job.calls()) {
      Prepared& prepared = prepared_[call->text().sql.data()];
      if (remedy == Remedy::prepare_again) prepared = Prepared{};
    }
    alone_.push(ticket);
    if (std::exchange(alone_paused_, true)) return;
    timers_->pause.expires_after(retry_pause(ticket.attempts));
    timers_->pause.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled || state_ == State::closed) return;
      alone_paused_ = false;
      end_turn();
    });
    return;
  }
  ticket.error = error;
  done(ticket);
}

}  // namespace latchkey::db::postgres
