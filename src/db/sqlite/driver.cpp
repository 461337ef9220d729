#include "db/sqlite/driver.h"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <stdexcept>

#include "db/data_lock.h"
#include "db/sqlite/backup.h"
#include "db/sqlite/file_watch.h"
#include "db/sqlite/files.h"
#include "db/sqlite/free_space.h"
#include "db/sqlite/io_thread.h"
#include "db/sqlite/writer.h"

namespace latchkey::db::sqlite {
namespace {

class SqliteDriver final : public Driver {
 public:
  explicit SqliteDriver(const SqliteOptions& options);
  ~SqliteDriver() override;

  void attach_thread(asio::io_context& io) override;
  void detach_thread() override;
  Connection* reader() override { return &current().reader(); }
  Task<> submit_read(Job& job) override;
  Task<> submit_write(Job& job) override;
  void read_now(Job& job) override;
  void write_now(Job& job) override { writer_->run_and_wait(job); }
  Statistics statistics() const override { return writer_->statistics(); }
  std::optional<std::string> trouble() const override { return writer_->trouble(); }
  GivenBack give_free_space_back(std::int64_t most_pages) override {
    GiveBackJob job(most_pages);
    writer_->run_and_wait(job);
    return job.result();
  }
  void backup(const std::filesystem::path& to, std::stop_token stop) override {
    backup_sqlite(file_, to, stop);
  }
  std::vector<std::string> check_integrity(std::stop_token stop) override {
    return check_sqlite_integrity(file_, stop);
  }

 private:
  struct Attached {
    const SqliteDriver* driver;
    SqliteIoThread* thread;
  };
  /// A thread serves one database, except in tests.
  static thread_local std::vector<Attached> attached_;

  SqliteIoThread& current() const;
  SqliteHandle open_reader() const;
  /// Settings of the writer's connection, which SQLite keeps for each connection.
  SqliteHandle prepare_writer(SqliteHandle handle) const;

  SqliteOptions options_;
  std::filesystem::path file_;
  DataLock lock_;
  std::unique_ptr<SqliteWriter> writer_;
  std::optional<FileWatch> watch_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SqliteIoThread>> threads_;
  std::mutex blocking_mutex_;
  std::optional<SqliteConnection> blocking_reader_;
  std::uint64_t blocking_openings_ = 0;
};

thread_local std::vector<SqliteDriver::Attached> SqliteDriver::attached_;

std::string pragma_cache(const SqliteOptions& options, const std::filesystem::path& file) {
  constexpr std::uintmax_t share = 32;
  std::error_code unknown;
  const std::uintmax_t size = std::filesystem::file_size(file, unknown);
  const std::uintmax_t wanted = unknown ? 0 : size / 1024 / share;
  return "PRAGMA cache_size = -" +
         std::to_string(std::clamp(wanted, options.least_cache_kib, options.most_cache_kib));
}

SqliteDriver::SqliteDriver(const SqliteOptions& options)
    : options_(options), file_(options.directory / "latchkey.db"), lock_(options.directory) {
  prepare_file(file_);
  writer_ = std::make_unique<SqliteWriter>(prepare_writer(open_checked(file_)), options_,
                                           [this] { return prepare_writer(reopen_checked(file_)); });
  watch_.emplace(file_, [this](FileWatch::Missing missing, const std::string& why) {
    writer_->note_files(missing, why);
  });
  watch_->start();
}

SqliteHandle SqliteDriver::prepare_writer(SqliteHandle handle) const {
  run_sql(handle.get(), pragma_cache(options_, file_).c_str());
  run_sql(
      handle.get(),
      ("PRAGMA journal_size_limit = " + std::to_string(std::int64_t{options_.restart_pages} * 4096)).c_str());
  if (options_.max_pages != 0)
    run_sql(handle.get(), ("PRAGMA max_page_count = " + std::to_string(options_.max_pages)).c_str());
  sqlite3_busy_timeout(handle.get(), static_cast<int>(options_.busy_timeout.count()));
  return handle;
}

SqliteDriver::~SqliteDriver() {
  watch_->stop();
  writer_->stop();
  // The writer's connection closes last: it copies the log back and removes it.
  blocking_reader_.reset();
  threads_.clear();
  writer_.reset();
}

SqliteHandle SqliteDriver::open_reader() const {
  SqliteHandle handle = open_sqlite_handle(file_, SqliteAccess::read);
  run_sql(handle.get(), pragma_cache(options_, file_).c_str());
  sqlite3_busy_timeout(handle.get(), static_cast<int>(options_.busy_timeout.count()));
  return handle;
}

void SqliteDriver::attach_thread(asio::io_context& io) {
  auto thread = std::make_unique<SqliteIoThread>(
      io, [this] { return open_reader(); }, *writer_);
  attached_.push_back({this, thread.get()});
  const std::lock_guard lock(mutex_);
  threads_.push_back(std::move(thread));
}

void SqliteDriver::detach_thread() {
  SqliteIoThread& thread = current();
  std::erase_if(attached_, [this](const Attached& attached) { return attached.driver == this; });
  thread.close();  // what it has posted still refers to it
}

SqliteIoThread& SqliteDriver::current() const {
  for (const Attached& attached : attached_) {
    if (attached.driver == this) return *attached.thread;
  }
  throw std::logic_error("a thread awaits a database that it is not attached to");
}

Task<> SqliteDriver::submit_read(Job& job) {
  job.execute(current().reader());
  co_return;
}

Task<> SqliteDriver::submit_write(Job& job) {
  SqliteIoThread& home = current();
  writer_->admit();
  Ticket ticket(job, &home);
  auto start = [&ticket, &home](Ticket::Handler handler) {
    ticket.resume.emplace(std::move(handler));
    home.queue(ticket);
  };
  constexpr asio::use_awaitable_t<IoExecutor> here;
  co_await asio::async_initiate<const asio::use_awaitable_t<IoExecutor>, void()>(start, here);
  if (ticket.error) std::rethrow_exception(ticket.error);
}

void SqliteDriver::read_now(Job& job) {
  const std::lock_guard lock(blocking_mutex_);
  if (!blocking_reader_ || blocking_openings_ != writer_->openings()) {
    blocking_openings_ = writer_->openings();
    blocking_reader_.reset();
    blocking_reader_.emplace(open_reader(), SqliteAccess::read);
  }
  blocking_reader_->control(begin_reading);
  try {
    job.execute(*blocking_reader_);
  } catch (...) {
    if (!blocking_reader_->end_reading()) blocking_reader_.reset();
    throw;
  }
  if (!blocking_reader_->end_reading()) blocking_reader_.reset();
}

}  // namespace

std::unique_ptr<Driver> open_sqlite(const SqliteOptions& options) {
  return std::make_unique<SqliteDriver>(options);
}

}  // namespace latchkey::db::sqlite
