#include "db/postgres/pool.h"

#include "base/test_point.h"
#include "db/counters.h"

#include <pthread.h>

namespace latchkey::db::postgres {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds watch_every{50};
/// How long all connections may be busy without an answer before requests that wait in vain mean that nobody
/// is served.
constexpr milliseconds service_limit{1000};

/// A caller that blocks serves no request, and may wait longer.
bool is_request(const Ticket& ticket) { return ticket.home != nullptr; }

}  // namespace

PostgresPool::PostgresPool(const PostgresOptions& options, PostgresHealth& health, PostgresCounters& counters)
    : options_(options),
      counters_(counters),
      all_(health),
      health_(health, PostgresHealth::Need::must),
      service_(health, PostgresHealth::Need::must),
      watch_("db-watch", watch_every, [this] { watch(); }) {
  for (std::size_t i = 0; i < options_.transaction_connections; ++i) {
    threads_.emplace_back([this, i] { work(i == 0 ? Wanted::always : Wanted::on_demand); });
  }
  watch_.start();
}

PostgresPool::~PostgresPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  help_.notify_all();
  pause_.notify_all();
  watch_.stop();
  for (auto& thread : threads_) thread.join();
  // Only where no connection came back.
  while (Ticket* ticket = take()) refuse(*ticket, "the database is being closed");
}

void PostgresPool::wait_connected() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return connected_ > 0 || failing_ > 0; });
  if (connected_ == 0) throw Unavailable(why_failing_);
}

void PostgresPool::admit() {
  if (health_.is_down()) {
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    throw Unavailable(why_failing_);
  }
  if (admitted_.fetch_add(1, std::memory_order_relaxed) >= options_.max_queue) {
    admitted_.fetch_sub(1, std::memory_order_relaxed);
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    throw Unavailable("too many transactions wait for the database");
  }
}

void PostgresPool::push(Ticket& ticket) {
  if (ticket.queued_at == Ticket::SteadyTime{}) ticket.queued_at = SteadyClock::now();
  enqueue(ticket);
}

void PostgresPool::enqueue(Ticket& ticket) {
  counters::queue_length.add(1);
  const std::lock_guard lock(mutex_);
  waiting_.push(ticket);
  (waiting_.size() > idle_ ? help_ : work_).notify_one();
}

void PostgresPool::run_and_wait(Job& job, Use use) {
  admit();
  Ticket ticket(job);
  ticket.reads = use == Use::read;
  push(ticket);
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [&] { return ticket.done; });
  lock.unlock();
  if (ticket.error) std::rethrow_exception(ticket.error);
}

void PostgresPool::wait_for_answers(const TicketHome& home, std::uint64_t count) {
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [&] { return home.answered == count; });
}

void PostgresPool::work(Wanted wanted) {
  pthread_setname_np(pthread_self(), "db-transaction");
  Worker worker(wanted, options_, all_);
  for (;;) {
    if (wanted == Wanted::always && !connect(worker)) return;
    if (!wait_for_work(worker)) return;
    if (make_way(worker)) continue;
    if (!connect(worker)) return;
    // It may have died of idleness.
    if (worker.connection.is_open()) {
      if (Ticket* ticket = take()) {
        run(worker.connection, *ticket);
      }
    }
    if (!worker.connection.has_session() && worker.connected) note_loss(worker);
  }
}

/// Those that idle look at theirs as well: a server that is gone is known to be before the next request
/// comes.
void PostgresPool::note_loss(Worker& worker) {
  std::unique_lock lock(mutex_);
  worker.connected = false;
  ++losses_;
  work_.notify_all();
  if (--connected_ > 0 || failing_ == 0) return;
  health_.down(why_failing_);
  refuse_waiting(lock, is_request);
}

bool PostgresPool::make_way(Worker& worker) {
  if (worker.wanted == Wanted::always || !worker.connection.has_session() || !all_.lacks_connection())
    return false;
  worker.connection.close();
  note_loss(worker);
  return true;
}

/// One that is wanted on demand tries once: meanwhile others may have done the work.
bool PostgresPool::connect(Worker& worker) {
  const auto stopping = [this] { return stopping_; };
  if (worker.wanted == Wanted::on_demand && all_.lacks_connection() && !worker.connection.has_session()) {
    std::unique_lock lock(mutex_);
    return !pause_.wait_for(lock, worker.backoff.next(), stopping);
  }
  while (!worker.connection.has_session()) {
    std::string why;
    try {
      worker.connection.connect(all_.preferred());
      worker.backoff.reset();
    } catch (const std::exception& error) {
      why = error.what();
    }
    std::unique_lock lock(mutex_);
    count(worker, why);
    // Requests are not kept waiting for a database that is away.
    if (connected_ == 0) refuse_waiting(lock, is_request);
    if (!why.empty() && pause_.wait_for(lock, worker.backoff.next(), stopping)) return false;
    if (worker.wanted == Wanted::on_demand) break;
  }
  return true;
}

void PostgresPool::count(Worker& worker, const std::string& why_not) {
  const bool connected = why_not.empty();
  if (worker.connected != connected) connected_ += connected ? 1 : -1;
  if (worker.failing == connected) failing_ += connected ? -1 : 1;
  worker.connected = connected;
  worker.failing = !connected;
  if (!connected) why_failing_ = why_not;
  if (connected) {
    health_.up();
    answered_at_ = SteadyClock::now();
  } else if (connected_ == 0) {
    health_.unconnected(why_not);
  }
  changed_.notify_all();
}

bool PostgresPool::wait_for_work(Worker& worker) {
  const bool connected = worker.connection.has_session();
  std::unique_lock lock(mutex_);
  if (connected) ++idle_;
  (connected ? work_ : help_).wait(lock, [&] {
    const bool gives_way = make_way_ && worker.wanted == Wanted::on_demand;
    return stopping_ || !waiting_.empty() || (connected && (gives_way || losses_ != worker.losses_seen));
  });
  worker.losses_seen = losses_;
  if (connected) --idle_;
  return !stopping_ || !waiting_.empty();
}

Ticket* PostgresPool::take() {
  const std::lock_guard lock(mutex_);
  Ticket* ticket = waiting_.pop();
  if (ticket != nullptr) counters::queue_length.add(-1);
  return ticket;
}

void PostgresPool::attempt(PostgresConnection& connection, Ticket& ticket) {
  if (ticket.job.kind() == Job::Kind::statement) return connection.execute_alone(ticket.job);
  using Access = PostgresConnection::Access;
  connection.begin(ticket.reads ? Access::read : Access::write);
  ticket.job.execute(connection);
  if (!ticket.reads) test_point("commit.before");
  connection.commit();
  if (!ticket.reads) test_point("commit.after");
}

PostgresPool::Next PostgresPool::after_failure(PostgresConnection& connection, Ticket& ticket) {
  connection.roll_back();
  try {
    std::rethrow_exception(ticket.error);
  } catch (const OutcomeUnknown&) {
    return Next::answer;
  } catch (const ConnectionLost&) {
    // Nothing of it was committed: another connection may do it. One that has to be made first is waited for
    // in the queue, where patience has an end.
    const bool late = is_request(ticket) && !ticket.is_young(SteadyClock::now());
    return late || ticket.attempts++ > 0 ? Next::answer : Next::wait_again;
  } catch (const SerializationFailure&) {
  } catch (const StalePlan&) {
  } catch (...) {
    return Next::answer;
  }
  if (++ticket.attempts >= options_.max_attempts) return Next::answer;
  std::this_thread::sleep_for(retry_pause(ticket.attempts));
  return Next::run_again;
}

void PostgresPool::run(PostgresConnection& connection, Ticket& ticket) {
  Next next = Next::run_again;
  while (next == Next::run_again) {
    ticket.error = nullptr;
    try {
      attempt(connection, ticket);
      counters_.commits.fetch_add(1, std::memory_order_relaxed);
      next = Next::answer;
    } catch (...) {
      ticket.error = std::current_exception();
      next = after_failure(connection, ticket);
    }
  }
  if (connection.has_session()) answered_at_ = SteadyClock::now();
  if (next == Next::answer) return answer(ticket);
  ticket.error = nullptr;
  enqueue(ticket);
}

void PostgresPool::answer(Ticket& ticket) {
  admitted_.fetch_sub(1, std::memory_order_relaxed);
  counters_.jobs.fetch_add(1, std::memory_order_relaxed);
  if (!ticket.reads) counters::writes.add();
  TicketHome* home = ticket.home;
  if (home != nullptr) {
    TicketList one;
    one.push(ticket);
    home->post_done(std::move(one));
  }
  {
    const std::lock_guard lock(mutex_);
    if (home == nullptr) {
      ticket.done = true;
    } else {
      ++home->answered;
    }
  }
  answered_.notify_all();
}

void PostgresPool::refuse(Ticket& ticket, const std::string& why) {
  ticket.error = std::make_exception_ptr(Unavailable(why));
  answer(ticket);
}

std::size_t PostgresPool::refuse_waiting(std::unique_lock<std::mutex>& lock, const Kind& kind) {
  TicketList refused;
  TicketList rest;
  while (Ticket* ticket = waiting_.pop()) (kind(*ticket) ? refused : rest).push(*ticket);
  waiting_.append(std::move(rest));
  const std::size_t count = refused.size();
  if (count == 0) return 0;
  const bool away = connected_ == 0 && !why_failing_.empty();
  const std::string why = away ? why_failing_ : "every connection to the database is busy";
  lock.unlock();
  while (Ticket* ticket = refused.pop()) {
    counters::queue_length.add(-1);
    refuse(*ticket, why);
  }
  lock.lock();
  return count;
}

void PostgresPool::judge_service(std::size_t refused) {
  const auto now = SteadyClock::now();
  const SteadyTime answered_at = answered_at_.load();
  if (service_.is_down()) {
    if (answered_at > service_ended_at_ || !all_.misses_spare()) service_.up();
  } else if (refused > 0 && now - answered_at > service_limit && all_.misses_spare()) {
    service_ended_at_ = now;
    service_.down(
        "requests of threads without a connection of their own wait for others, which are not answered");
  }
}

void PostgresPool::watch() {
  std::unique_lock lock(mutex_);
  make_way_ = all_.lacks_connection();
  const std::uint64_t generation = all_.generation();
  const bool new_generation = std::exchange(generation_, generation) != generation;
  if (new_generation) ++losses_;
  if (make_way_ || new_generation) work_.notify_all();
  const std::size_t refused = refuse_waiting(lock, [this, now = SteadyClock::now()](const Ticket& ticket) {
    const auto patience = is_request(ticket) ? options_.patience : options_.statement_timeout;
    return ticket.queued_at + patience < now;
  });
  judge_service(refused);
}

}  // namespace latchkey::db::postgres
