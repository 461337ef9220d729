#include "db/sqlite/writer.h"

#include <pthread.h>

#include <algorithm>

#include "base/log.h"
#include "base/scheduling.h"
#include "base/test_point.h"
#include "db/counters.h"
#include "db/error.h"
#include "db/sqlite/log_index.h"

namespace latchkey::db::sqlite {
namespace {

constexpr std::chrono::milliseconds idle{200};
/// What was left then, a reader holds back.
constexpr std::chrono::seconds idle_again{1};

/// Between two tries to open the store anew; each is twice as long as the one before.
constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{5000};

constexpr const char* after_sync_failure =
    "a sync of the database failed; nothing is written until it has been opened anew";

/// Each caller gets an exception object of its own: a shared one would be read and freed by several threads.
std::exception_ptr renew(const std::exception& error) {
  if (dynamic_cast<const Unavailable*>(&error) != nullptr)
    return std::make_exception_ptr(Unavailable(error.what()));
  return std::make_exception_ptr(Fault(error.what()));
}

}  // namespace

SqliteWriter::SqliteWriter(SqliteHandle handle, const SqliteOptions& options, Reopen reopen)
    : options_(options), file_(options.directory / "latchkey.db"), reopen_(std::move(reopen)) {
  take(std::move(handle));
  thread_ = std::thread([this] { run(); });
}

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
    reopen_when_due();
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
    if (closed_) {
      if (work_.wait_until(lock, reopen_at_, something)) break;
      lock.unlock();
      reopen_when_due();
      lock.lock();
    } else if (!checkpoint_has_work()) {
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
    ticket.job.execute(*connection_);
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
    if (with_savepoint) connection_->control(set_savepoint);
    ticket.job.execute(*connection_);
    if (with_savepoint) connection_->control(release_savepoint);
    return true;
  } catch (const ConstraintViolation&) {
    ticket.error = std::current_exception();
    // SQLite undoes a statement that a constraint stops.
    undone = ticket.job.kind() == Job::Kind::statement;
  } catch (const Unavailable& error) {
    ticket.error = std::current_exception();
    if (!connection_->in_transaction()) note_failure(error);
  } catch (...) {
    ticket.error = std::current_exception();
  }
  // A full disk, or memory, may have ended the whole transaction. A single statement whose rows could not be
  // read has been carried out, and a part of a unit, too, with no savepoint to go back to: it would cost each
  // unit a copy of every page that it touches.
  if (!connection_->in_transaction()) return false;
  if (undone) return true;
  if (!with_savepoint) return false;
  try {
    connection_->control(roll_back_to_savepoint);
    connection_->control(release_savepoint);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void SqliteWriter::begin() {
  if (!is_missing(FileWatch::Missing::nothing)) refuse_while_files_are_gone();
  if (closed_) throw Unavailable(after_sync_failure);
  connection_->control(begin_writing);
}

void SqliteWriter::finish() {
  test_point("commit.before");
  connection_->control(commit);
  test_point("commit.after");
  commits_.fetch_add(1, std::memory_order_release);
  counters::batches.add();
  if (!troubled_) return;
  troubled_ = false;
  const std::lock_guard lock(mutex_);
  trouble_.reset();
  log::info("db.writes_again");
}

/// A connection that can not even go back is of no more use than one whose sync has failed.
void SqliteWriter::roll_back_if_open() noexcept {
  if (closed_) return;
  try {
    if (connection_->in_transaction()) connection_->control(roll_back);
  } catch (const std::exception& error) {
    log::error("db.rollback_failed", {{"reason", error.what()}});
  }
  if (connection_->in_transaction()) close_for_good();
}

void SqliteWriter::take(SqliteHandle handle) {
  connection_.emplace(std::move(handle), SqliteAccess::write);
  checkpoint_.emplace(*connection_, options_);
}

/// What the disk has now is unknown. Closing must not build on it: the log stays as it is, to be read afresh.
void SqliteWriter::close_for_good() {
  sqlite3_db_config(connection_->get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  closed_ = true;
  read_from_log_alone();
  reopen_pause_ = first_pause;
  reopen_at_ = std::chrono::steady_clock::now();
}

/// Readers take what has been copied from the database, which may have lost it. They open anew, too: SQLite
/// keeps pages that it has read for as long as nothing is written.
void SqliteWriter::read_from_log_alone() noexcept {
  try {
    forget_what_was_copied(file_);
  } catch (const std::exception& error) {  // tried again when the store is opened anew
    log::error("db.copies_not_forgotten", {{"reason", error.what()}});
  }
  openings_.fetch_add(1, std::memory_order_release);
  commits_.fetch_add(1, std::memory_order_release);  // so that every reader opens a new snapshot
}

void SqliteWriter::reopen_when_due() {
  if (!closed_ || std::chrono::steady_clock::now() < reopen_at_) return;
  if (!is_missing(FileWatch::Missing::nothing)) {
    reopen_at_ = std::chrono::steady_clock::now() + first_pause;
    return;
  }
  checkpoint_.reset();
  connection_.reset();
  test_point("open.anew");
  try {
    take(reopen_());
  } catch (const std::exception& error) {
    read_from_log_alone();
    log::error("db.not_opened_anew",
               {{"reason", error.what()}, {"next_try_in_ms", std::int64_t{reopen_pause_.count()}}});
    reopen_at_ = std::chrono::steady_clock::now() + reopen_pause_;
    reopen_pause_ = std::min(reopen_pause_ * 2, longest_pause);
    const std::lock_guard lock(mutex_);
    trouble_ = error.what();
    return;
  }
  closed_ = false;
  checkpoint_failed_ = false;
  troubled_ = false;
  counters::reopened.add();
  openings_.fetch_add(1, std::memory_order_release);
  commits_.fetch_add(1, std::memory_order_release);  // so that every reader opens a new snapshot
  log::warn("db.opened_anew",
            {{"checked", "log copied back and synced, header, schema, pages as at a start"}});
  const std::lock_guard lock(mutex_);
  trouble_.reset();
}

void SqliteWriter::note_files(FileWatch::Missing missing, const std::string& why) {
  const std::lock_guard lock(mutex_);
  files_gone_.reset();
  if (missing != FileWatch::Missing::nothing) files_gone_ = why;
  missing_.store(missing, std::memory_order_relaxed);
}

void SqliteWriter::refuse_while_files_are_gone() {
  const std::lock_guard lock(mutex_);
  if (files_gone_.has_value()) throw Unavailable(*files_gone_);
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
  if (closed_ || is_missing(FileWatch::Missing::database)) return;
  try {
    moment == Moment::idle ? checkpoint_->when_idle() : checkpoint_->after_commit();
    checkpoint_failed_ = false;
  } catch (const SyncFailure& error) {
    note_failure(error);
  } catch (const std::exception& error) {
    // Nothing is lost: the log keeps what could not be copied, and the next piece tries again.
    if (!std::exchange(checkpoint_failed_, true))
      log::warn("db.checkpoint_failed", {{"reason", error.what()}});
  }
  log_pages_.store(checkpoint_->log_pages(), std::memory_order_relaxed);
  checkpoints_.store(checkpoint_->pieces(), std::memory_order_relaxed);
}

void SqliteWriter::note_failure(const std::exception& error) {
  if (dynamic_cast<const Held*>(&error) != nullptr) return;
  // The request is told, and the numbers; others need other pages.
  if (dynamic_cast<const Unreadable*>(&error) != nullptr) return;
  if (dynamic_cast<const SyncFailure*>(&error) != nullptr) close_for_good();
  if (!is_missing(FileWatch::Missing::nothing)) return;  // said once, by who watches them
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
  return files_gone_.has_value() ? files_gone_ : trouble_;
}

}  // namespace latchkey::db::sqlite
