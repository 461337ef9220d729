#include "db/sqlite/writer.h"

#include <pthread.h>

#include "base/log.h"
#include "base/scheduling.h"
#include "db/counters.h"
#include "db/error.h"

namespace latchkey::db::sqlite {
namespace {

constexpr std::chrono::milliseconds idle{200};
/// What was left then, a reader holds back.
constexpr std::chrono::seconds idle_again{1};

constexpr const char* after_sync_failure =
    "a sync of the database failed; nothing is written until a restart";

/// Each caller gets an exception object of its own: a shared one would be read and freed by several threads.
std::exception_ptr renew(const std::exception& error) {
  if (dynamic_cast<const Unavailable*>(&error) != nullptr)
    return std::make_exception_ptr(Unavailable(error.what()));
  return std::make_exception_ptr(Fault(error.what()));
}

}  // namespace

SqliteWriter::SqliteWriter(SqliteHandle handle, const SqliteOptions& options)
    : options_(options),
      connection_(std::move(handle), SqliteAccess::write),
      checkpoint_(connection_, options_),
      thread_([this] { run(); }) {}

SqliteWriter::~SqliteWriter() { stop(); }

void SqliteWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SqliteWriter::admit() {
  if (admitted_.fetch_add(1, std::memory_order_relaxed) >= options_.max_queue) {
    admitted_.fetch_sub(1, std::memory_order_relaxed);
    refused_.fetch_add(1, std::memory_order_relaxed);
    throw Unavailable("too many writes wait for the database");
  }
}

void SqliteWriter::push(TicketList tickets) {
  bool idle_before = false;
  counters::queue_length.add(static_cast<std::int64_t>(tickets.size()));
  {
    const std::lock_guard lock(mutex_);
    idle_before = waiting_.empty();
    waiting_.append(std::move(tickets));
  }
  if (idle_before) work_.notify_one();
}

void SqliteWriter::run_and_wait(Job& job) {
  admit();
  Ticket ticket(job);
  TicketList one;
  one.push(ticket);
  push(std::move(one));
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [&] { return ticket.done; });
  lock.unlock();
  if (ticket.error) std::rethrow_exception(ticket.error);
}

void SqliteWriter::run() {
  prefer_short_turns();
  pthread_setname_np(pthread_self(), "db-writer");
  for (;;) {
    TicketList batch = take_batch();
    if (batch.empty()) return;
    const auto started = std::chrono::steady_clock::now();
    run_batch(batch);
    counters::batch_seconds.observe(
        std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - started));
    answer(std::move(batch));
    copy_log_back(Moment::after_commit);
  }
}

/// Empty: there will be no more.
TicketList SqliteWriter::take_batch() {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return stopping_ || !waiting_.empty(); };
  for (std::chrono::milliseconds pause = idle; !something(); pause = idle_again) {
    if (!checkpoint_.has_work_when_idle() || sync_failed_) {
      work_.wait(lock, something);
    } else if (!work_.wait_for(lock, pause, something)) {
      lock.unlock();
      copy_log_back(Moment::idle);
      lock.lock();
    }
  }
  TicketList batch;
  while (batch.size() < options_.max_batch) {
    Ticket* ticket = waiting_.pop();
    if (ticket == nullptr) break;
    batch.push(*ticket);
  }
  counters::queue_length.add(-static_cast<std::int64_t>(batch.size()));
  return batch;
}

void SqliteWriter::run_batch(const TicketList& batch) {
  Ticket* lost_with = nullptr;
  try {
    begin();
    for (Ticket* ticket = batch.first(); ticket != nullptr && lost_with == nullptr; ticket = ticket->next) {
      if (!run_inside(*ticket)) lost_with = ticket;
    }
    if (lost_with == nullptr) finish();
  } catch (const std::exception& error) {
    note_failure(error);
    roll_back_if_open();
    for (Ticket* ticket = batch.first(); ticket != nullptr; ticket = ticket->next)
      ticket->error = renew(error);
  }
  if (lost_with == nullptr) return;
  roll_back_if_open();
  for (Ticket* ticket = batch.first(); ticket != nullptr; ticket = ticket->next) {
    if (ticket != lost_with) run_alone(*ticket);
  }
}

void SqliteWriter::run_alone(Ticket& ticket) {
  ticket.error = nullptr;
  try {
    begin();
    ticket.job.execute(connection_);
    finish();
    return;
  } catch (const Unavailable& error) {
    ticket.error = std::current_exception();
    note_failure(error);
  } catch (...) {
    ticket.error = std::current_exception();
  }
  roll_back_if_open();
}

bool SqliteWriter::run_inside(Ticket& ticket) {
  const bool with_savepoint = ticket.job.kind() == Job::Kind::transaction;
  bool undone = false;
  try {
    if (with_savepoint) connection_.control(set_savepoint);
    ticket.job.execute(connection_);
    if (with_savepoint) connection_.control(release_savepoint);
    return true;
  } catch (const ConstraintViolation&) {
    ticket.error = std::current_exception();
    // SQLite undoes a statement that a constraint stops.
    undone = ticket.job.kind() == Job::Kind::statement;
  } catch (const Unavailable& error) {
    ticket.error = std::current_exception();
    if (!connection_.in_transaction()) note_failure(error);
  } catch (...) {
    ticket.error = std::current_exception();
  }
  // A full disk, or memory, may have ended the whole transaction. A single statement whose rows could not be
  // read has been carried out, and a part of a unit, too, with no savepoint to go back to: it would cost each
  // unit a copy of every page that it touches.
  if (!connection_.in_transaction()) return false;
  if (undone) return true;
  if (!with_savepoint) return false;
  try {
    connection_.control(roll_back_to_savepoint);
    connection_.control(release_savepoint);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void SqliteWriter::begin() {
  if (sync_failed_) throw Unavailable(after_sync_failure);
  connection_.control(begin_writing);
}

void SqliteWriter::finish() {
  connection_.control(commit);
  commits_.fetch_add(1, std::memory_order_release);
  counters::batches.add();
  if (!troubled_) return;
  troubled_ = false;
  const std::lock_guard lock(mutex_);
  trouble_.reset();
  log::info("db.writes_again");
}

void SqliteWriter::roll_back_if_open() noexcept {
  try {
    if (connection_.in_transaction()) connection_.control(roll_back);
  } catch (const std::exception& error) {
    log::error("db.rollback_failed", {{"reason", error.what()}});
  }
}

void SqliteWriter::answer(TicketList batch) {
  admitted_.fetch_sub(batch.size(), std::memory_order_relaxed);
  jobs_.fetch_add(batch.size(), std::memory_order_relaxed);
  counters::writes.add(batch.size());
  std::vector<TicketHome*> homes;
  TicketList blocking;
  while (Ticket* ticket = batch.pop()) {
    TicketHome* home = ticket->home;
    if (home != nullptr && home->done.empty()) homes.push_back(home);
    (home == nullptr ? blocking : home->done).push(*ticket);
  }
  std::vector<std::size_t> counts;
  for (TicketHome* home : homes) {
    counts.push_back(home->done.size());
    home->post_done(std::move(home->done));
  }
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < homes.size(); ++i) homes[i]->answered += counts[i];
    while (Ticket* ticket = blocking.pop()) ticket->done = true;
  }
  answered_.notify_all();
}

void SqliteWriter::wait_for_answers(const TicketHome& home, std::uint64_t count) {
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [&] { return home.answered == count; });
}

void SqliteWriter::copy_log_back(Moment moment) {
  if (sync_failed_) return;
  try {
    moment == Moment::idle ? checkpoint_.when_idle() : checkpoint_.after_commit();
    checkpoint_failed_ = false;
  } catch (const SyncFailure& error) {
    note_failure(error);
  } catch (const std::exception& error) {
    // Nothing is lost: the log keeps what could not be copied, and the next piece tries again.
    if (!std::exchange(checkpoint_failed_, true))
      log::warn("db.checkpoint_failed", {{"reason", error.what()}});
  }
  log_pages_.store(checkpoint_.log_pages(), std::memory_order_relaxed);
  checkpoints_.store(checkpoint_.pieces(), std::memory_order_relaxed);
}

void SqliteWriter::note_failure(const std::exception& error) {
  if (dynamic_cast<const Held*>(&error) != nullptr) return;
  if (dynamic_cast<const SyncFailure*>(&error) != nullptr) {
    sync_failed_ = true;
    // Closing must not build on pages that may not be on the disk; the next start reads the log afresh.
    sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  if (!troubled_) log::error("db.writes_fail", {{"reason", error.what()}});
  troubled_ = true;
  const std::lock_guard lock(mutex_);
  trouble_ = error.what();
}

Statistics SqliteWriter::statistics() const {
  Statistics now;
  now.jobs = jobs_.load(std::memory_order_relaxed);
  now.commits = commits_.load(std::memory_order_relaxed);
  now.queued = admitted_.load(std::memory_order_relaxed);
  now.refused = refused_.load(std::memory_order_relaxed);
  now.checkpoints = checkpoints_.load(std::memory_order_relaxed);
  now.log_pages = log_pages_.load(std::memory_order_relaxed);
  return now;
}

std::optional<std::string> SqliteWriter::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace latchkey::db::sqlite
