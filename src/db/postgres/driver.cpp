#include "db/postgres/driver.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <stdexcept>

#include "db/postgres/io_thread.h"
#include "db/postgres/monitor.h"
#include "db/postgres/pool.h"

namespace latchkey::db::postgres {
namespace {

class PostgresDriver final : public Driver {
 public:
  explicit PostgresDriver(PostgresOptions options);
  ~PostgresDriver() override { threads_.clear(); }

  void attach_thread(asio::io_context& io) override;
  void detach_thread() override;
  Connection* reader() override { return nullptr; }
  Task<> submit_read(Job& job) override { return submit(job, PostgresPool::Use::read); }
  Task<> submit_write(Job& job) override { return submit(job, PostgresPool::Use::write); }
  void read_now(Job& job) override { pool_.run_and_wait(job, PostgresPool::Use::read); }
  void write_now(Job& job) override { pool_.run_and_wait(job, PostgresPool::Use::write); }
  Statistics statistics() const override;
  std::optional<std::string> trouble() const override;
  bool leads() const override { return monitor_.leads(); }
  void backup(const std::filesystem::path& file, std::stop_token stop) override;
  std::vector<std::string> check_integrity(std::stop_token) override { return {}; }

 private:
  struct Attached {
    const PostgresDriver* driver;
    PostgresIoThread* thread;
  };
  static thread_local std::vector<Attached> attached_;

  Task<> submit(Job& job, PostgresPool::Use use);
  PostgresIoThread& current() const;

  PostgresOptions options_;
  PostgresHealth health_;
  PostgresCounters counters_;
  PostgresMonitor monitor_;
  PostgresPool pool_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<PostgresIoThread>> threads_;
};

thread_local std::vector<PostgresDriver::Attached> PostgresDriver::attached_;

PostgresDriver::PostgresDriver(PostgresOptions options)
    : options_(std::move(options)), monitor_(options_, health_), pool_(options_, health_, counters_) {
  pool_.wait_connected();
}

void PostgresDriver::attach_thread(asio::io_context& io) {
  auto thread = std::make_unique<PostgresIoThread>(io, options_, health_, counters_, pool_);
  attached_.push_back({this, thread.get()});
  const std::lock_guard lock(mutex_);
  threads_.push_back(std::move(thread));
}

void PostgresDriver::detach_thread() {
  PostgresIoThread& thread = current();
  std::erase_if(attached_, [this](const Attached& attached) { return attached.driver == this; });
  thread.close();  // what it has posted still refers to it
}

PostgresIoThread& PostgresDriver::current() const {
  for (const Attached& attached : attached_) {
    if (attached.driver == this) return *attached.thread;
  }
  throw std::logic_error("a thread awaits a database that it is not attached to");
}

Task<> PostgresDriver::submit(Job& job, PostgresPool::Use use) {
  PostgresIoThread& home = current();
  Ticket ticket(job, &home);
  ticket.reads = use == PostgresPool::Use::read;
  home.admit(ticket);
  auto start = [&ticket, &home](Ticket::Handler handler) {
    ticket.resume.emplace(std::move(handler));
    home.start(ticket);
  };
  constexpr asio::use_awaitable_t<IoExecutor> here;
  co_await asio::async_initiate<const asio::use_awaitable_t<IoExecutor>, void()>(start, here);
  if (ticket.error) std::rethrow_exception(ticket.error);
}

Statistics PostgresDriver::statistics() const {
  Statistics now;
  now.jobs = counters_.jobs.load(std::memory_order_relaxed);
  now.commits = counters_.commits.load(std::memory_order_relaxed);
  now.queued = pool_.queued();
  now.refused = counters_.refused.load(std::memory_order_relaxed);
  return now;
}

std::optional<std::string> PostgresDriver::trouble() const {
  if (auto trouble = health_.trouble()) return trouble;
  return monitor_.trouble();
}

void PostgresDriver::backup(const std::filesystem::path&, std::stop_token) {
  throw Fault(
      "PostgreSQL is backed up with its own tools: pg_dump for one database, pg_basebackup for a whole "
      "server");
}

}  // namespace

std::unique_ptr<Driver> open_postgres(PostgresOptions options) {
  check_postgres_url(options.url);
  return std::make_unique<PostgresDriver>(std::move(options));
}

}  // namespace latchkey::db::postgres
