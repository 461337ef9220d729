#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/task.h"
#include "db/driver.h"
#include "db/error.h"
#include "db/tx.h"

namespace latchkey::db {

namespace detail {

/// Keeps what a work function returned, `void` included.
template <class T>
class Outcome {
 public:
  template <class F>
  void set(F&& compute) {
    value_.reset();
    value_.emplace(std::forward<F>(compute)());
  }
  T take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};
template <>
class Outcome<void> {
 public:
  template <class F>
  void set(F&& compute) {
    std::forward<F>(compute)();
  }
  void take() {}
};

/// A bound statement on its way, and what came back of it.
template <BoundStatement Bound>
class Call final : public StatementCall {
 public:
  using Result = typename Bound::Result;
  explicit Call(const Bound& bound) : bound_(bound) {}

  const StatementText& text() const override { return bound_.text(); }
  void encode(std::span<Value> room) const override { bound_.encode(room); }
  void begin() override { collected_ = {}; }
  void row(std::span<const Value> columns) override { collected_.row(columns); }
  void finish(std::int64_t affected) override { affected_ = affected; }

  void execute(Connection& connection) {
    std::array<Value, Bound::parameters> values;
    encode(values);
    begin();
    finish(connection.execute(text(), values, *this));
  }
  void run_hook() {
    if constexpr (requires(const Result& result) { bound_.committed(result); }) {
      if constexpr (std::is_same_v<Result, Affected>) {
        CommitHooks::run([this] { bound_.committed(Affected{affected_}); });
      } else {
        CommitHooks::run([this] { bound_.committed(collected_.result); });
      }
    }
  }
  Result take() {
    if constexpr (std::is_same_v<Result, Affected>) {
      return Affected{affected_};
    } else {
      return std::move(collected_.result);
    }
  }

 private:
  Bound bound_;
  CollectorOf<Result> collected_;
  std::int64_t affected_ = 0;
};

/// One statement, or several as a unit.
template <BoundStatement... Bound>
class StatementsJob final : public Job {
 public:
  explicit StatementsJob(const Bound&... statements)
      : Job(sizeof...(Bound) == 1 ? Kind::statement : Kind::unit), calls_(statements...) {}

  std::span<StatementCall* const> calls() override { return pointers_; }
  void execute(Connection& connection) override {
    std::apply([&](auto&... call) { (call.execute(connection), ...); }, calls_);
  }
  /// What comes back, once it is committed.
  std::tuple<typename Bound::Result...> take() {
    std::apply([](auto&... call) { (call.run_hook(), ...); }, calls_);
    return std::apply([](auto&... call) { return std::tuple<typename Bound::Result...>(call.take()...); },
                      calls_);
  }

 private:
  std::tuple<Call<Bound>...> calls_;
  std::array<StatementCall*, sizeof...(Bound)> pointers_ = std::apply(
      [](auto&... call) { return std::array<StatementCall*, sizeof...(Bound)>{&call...}; }, calls_);
};

template <class Work>
class WorkJob final : public Job {
 public:
  using T = std::invoke_result_t<Work&, Tx&>;
  enum class Commits : std::uint8_t { no, yes };
  WorkJob(Work& work, Commits commits) : Job(Kind::transaction), work_(work), commits_(commits) {}
  void execute(Connection& connection) override {
    hooks_.clear();
    result_.set([&] {
      Tx tx(connection, commits_ == Commits::yes ? &hooks_ : nullptr);
      return work_(tx);
    });
  }
  /// What comes back, once it is committed.
  T take() {
    hooks_.run();
    return result_.take();
  }

 private:
  Work& work_;
  const Commits commits_;
  CommitHooks hooks_;
  Outcome<T> result_;
};

}  // namespace detail

template <class Work>
concept TransactionWork = std::invocable<Work&, Tx&>;

/// The one way to the database, whichever it is (db/sqlite/driver.h opens one). Its promises:
///
/// - A write is atomic and durable before its caller goes on; many share one commit, and none sees a
/// part of
///   another. Once asked for it runs to its end: it can not be cancelled.
/// - "At once": a read that starts after a write was answered, on any thread, sees that write.
/// - A denial is a value, so it commits. Only an exception rolls back, and only the work that threw it; the
///   caller gets that exception. `Unavailable` means that nothing was committed and that the store may answer
///   later; where a disk failed in the middle of a sync, a restart may still find the write. Its subtype
///   `OutcomeUnknown` (PostgreSQL) means that the answer was lost, or left that open: ask again to know.
///
/// The functions that return a `Task` are for threads that are attached; calling one elsewhere is a bug and
/// throws `std::logic_error`. Those that end in `_now` block, may be called on any thread, and are for the
/// start, the command line and tests: on an I/O thread they would stop every request of that thread.
///
/// A work function is a plain function of a `Tx&`. Write work runs on a thread of the database: it may touch
/// only what it captured, and **may run more than once** (when the batch around it was lost, or PostgreSQL
/// asks to try again), so it must not move from its captures nor count on having run; what is to be done once
/// it has been written is a hook (`Tx::on_commit`). Read work sees one snapshot; on PostgreSQL it runs on
/// such a thread too, and again when its connection was lost.
///
/// With GCC 12 name the work before awaiting: `auto work = [=](Tx& tx) { … }; co_await db.write(work);`
class Database {
 public:
  explicit Database(std::unique_ptr<Driver> driver) : driver_(std::move(driver)) {}
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  /// Answers everything that was queued, then closes. No thread may be attached any more, nor call anything.
  ~Database() = default;

  /// Makes the calling thread, which alone runs `io`, one that can await this database, until the guard goes
  /// on the same thread. The guard waits for the writes that the thread has asked for; who awaits them is
  /// resumed only if the loop runs again before it is destroyed, and may then not use the database.
  class Attachment {
   public:
    explicit Attachment(Driver& driver) : driver_(driver) {}
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;
    ~Attachment() { driver_.detach_thread(); }

   private:
    Driver& driver_;
  };
  [[nodiscard]] Attachment attach_thread(asio::io_context& io) {
    driver_->attach_thread(io);
    return Attachment(*driver_);
  }

  /// One statement. What an argument refers to must live until the task is done, as the temporaries of
  /// `co_await db.run(…)` do.
  template <class Result, class... Params>
  Task<Result> run(const Statement<Result, Params...>& statement, std::type_identity_t<Params>... args) {
    if (statement.reads()) {
      if (Connection* reader = driver_->reader()) co_return detail::execute(*reader, statement.with(args...));
    }
    detail::StatementsJob job(statement.with(args...));
    if (statement.reads()) {
      co_await driver_->submit_read(job);
    } else {
      co_await driver_->submit_write(job);
    }
    co_return std::get<0>(job.take());
  }

  /// Several statements that write, as a unit: they run in this order, each sees what those before it have
  /// written, and all are committed or none. What comes back of each, in order. Nothing of ours runs between
  /// them: a later one that depends on an earlier one must ask the tables itself
  /// (`INSERT … SELECT … WHERE`). On PostgreSQL they wait for one round trip together and share a
  /// commit with other units and statements, where a transaction has connection and commit
  /// for itself. Where one of them is a `WithHook`, its hook runs once they are committed.
  template <BoundStatement... Bound>
  Task<std::tuple<typename Bound::Result...>> run_together(Bound... statements) {
    detail::StatementsJob job(statements...);
    co_await driver_->submit_write(job);
    co_return job.take();
  }

  /// One transaction. Whatever `work` returns is committed and given to the caller.
  template <TransactionWork Work>
  Task<std::invoke_result_t<Work&, Tx&>> write(Work work) {
    detail::WorkJob<Work> job(work, detail::WorkJob<Work>::Commits::yes);
    co_await driver_->submit_write(job);
    co_return job.take();
  }

  /// Several reads in one snapshot; a statement that writes throws.
  template <TransactionWork Work>
  Task<std::invoke_result_t<Work&, Tx&>> read(Work work) {
    if (Connection* reader = driver_->reader()) {
      Tx tx(*reader);
      co_return work(tx);
    }
    detail::WorkJob<Work> job(work, detail::WorkJob<Work>::Commits::no);
    co_await driver_->submit_read(job);
    co_return job.take();
  }

  template <class Result, class... Params>
  Result run_now(const Statement<Result, Params...>& statement, const std::type_identity_t<Params>&... args) {
    detail::StatementsJob job(statement.with(args...));
    statement.reads() ? driver_->read_now(job) : driver_->write_now(job);
    return std::get<0>(job.take());
  }
  template <TransactionWork Work>
  std::invoke_result_t<Work&, Tx&> write_now(Work work) {
    detail::WorkJob<Work> job(work, detail::WorkJob<Work>::Commits::yes);
    driver_->write_now(job);
    return job.take();
  }
  template <TransactionWork Work>
  std::invoke_result_t<Work&, Tx&> read_now(Work work) {
    detail::WorkJob<Work> job(work, detail::WorkJob<Work>::Commits::no);
    driver_->read_now(job);
    return job.take();
  }

  Statistics statistics() const { return driver_->statistics(); }
  /// Why writes fail at the moment, for readiness and the log; nothing when the last one went well.
  std::optional<std::string> trouble() const { return driver_->trouble(); }
  /// See `Driver::leads`.
  bool leads() const { return driver_->leads(); }
  /// Gives space of the embedded store's file that holds nothing back to the file system, a few pages at a
  /// time. A part stays for what is written next. A store that a version before this one made keeps its space
  /// until `compact`. Blocks.
  GivenBack give_free_space_back(std::int64_t most_pages) {
    return driver_->give_free_space_back(most_pages);
  }
  Driver& driver() { return *driver_; }

 private:
  std::unique_ptr<Driver> driver_;
};

}  // namespace latchkey::db
