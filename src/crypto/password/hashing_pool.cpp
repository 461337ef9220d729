#include "crypto/password/hashing_pool.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>

#include "base/cores.h"
#include "base/scheduling.h"
#include "crypto/password/counters.h"
#include "crypto/password/strength.h"

namespace latchkey::crypto::password {
namespace {

constexpr asio::use_awaitable_t<IoExecutor> as_task{};
constexpr std::size_t default_queue_per_thread = 64;

Error overloaded() { return Error{ErrorCode::overloaded, Seconds{1}}; }

/// Counts one hash and the time that it took.
class CountedHash {
 public:
  CountedHash() = default;
  CountedHash(const CountedHash&) = delete;
  CountedHash& operator=(const CountedHash&) = delete;
  ~CountedHash() {
    counters::hash_seconds.observe(
        std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - started_));
    counters::hashed.add();
  }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace

template <class Handler>
struct HashingPool::AwaitedJob final : HashingPool::Job {
  AwaitedJob(Handler resumed, Work& awaited)
      : handler(std::move(resumed)),
        work(awaited),
        executor(asio::prefer(asio::get_associated_executor(handler),
                              asio::execution::outstanding_work.tracked)) {}

  void run(HashArena& arena) noexcept override {
    try {
      work(arena);
      done = true;
    } catch (...) {
      failure = std::current_exception();
    }
  }

  void complete() noexcept override {
    auto resume = [resumed = std::move(handler), why = std::move(failure), was_done = done]() mutable {
      std::move(resumed)(std::move(why), was_done);
    };
    asio::post(executor, std::move(resume));
  }

  Handler handler;
  Work& work;  ///< in the frame of the waiting coroutine
  /// Counts as work of the io_context, which therefore runs until the coroutine has been resumed.
  typename asio::prefer_result<asio::associated_executor_t<Handler>,
                               asio::execution::outstanding_work_t::tracked_t>::type executor;
  std::exception_ptr failure;
  bool done = false;
};

HashingPool::HashingPool(const Options& options)
    : parameters_(options.parameters),
      dummy_(make_dummy_hash(options.parameters)),
      thread_count_(options.threads != 0 ? options.threads : usable_cores()),
      queue_limit_(options.queue_limit != 0 ? options.queue_limit
                                            : default_queue_per_thread * thread_count_) {
  for (std::size_t i = 0; i < thread_count_; ++i) arenas_.push_back(std::make_unique<HashArena>(parameters_));
  try {
    for (const auto& arena : arenas_) threads_.emplace_back([this, &arena] { serve(*arena); });
  } catch (...) {
    stop();
    throw;
  }
}

HashingPool::~HashingPool() { stop(); }

Task<Result<std::string>> HashingPool::hash(Secret nfc_password) {
  if (!reserve()) co_return overloaded();
  std::string stored;
  Work work = [&](HashArena& arena) {
    const CountedHash counted;
    stored = hash_password(nfc_password, parameters_, arena);
  };
  const bool done = co_await run(std::move(work));
  if (!done) co_return overloaded();
  co_return stored;
}

Task<Result<std::optional<std::string>>> HashingPool::hash_if_strong(Secret nfc_password,
                                                                     std::vector<std::string> user_inputs,
                                                                     double least_guesses_log10) {
  if (!reserve()) co_return overloaded();
  std::optional<std::string> stored;
  Work work = [&](HashArena& arena) {
    if (guesses_log10(nfc_password.text(), user_inputs) < least_guesses_log10) return;
    const CountedHash counted;
    stored = hash_password(nfc_password, parameters_, arena);
  };
  const bool done = co_await run(std::move(work));
  if (!done) co_return overloaded();
  co_return stored;
}

Task<Result<HashingPool::Checked>> HashingPool::verify(std::string stored, TriedPassword tried) {
  if (!reserve()) co_return overloaded();
  Checked checked{.tried = std::move(tried)};
  Work work = [&](HashArena& arena) {
    const CountedHash counted;
    checked.outcome = verify_password(stored, checked.tried.as_sent(), checked.tried.nfc, arena);
  };
  const bool done = co_await run(std::move(work));
  if (!done) co_return overloaded();
  co_return std::move(checked);
}

Task<Result<double>> HashingPool::estimate_guesses(Secret password, std::vector<std::string> user_inputs) {
  if (!reserve()) co_return overloaded();
  double guesses = 0;
  Work work = [&](HashArena&) { guesses = guesses_log10(password.text(), user_inputs); };
  const bool done = co_await run(std::move(work));
  if (!done) co_return overloaded();
  co_return guesses;
}

Task<bool> HashingPool::run(Work work) {
  auto start = [this, &work](auto handler) {
    push(std::make_unique<AwaitedJob<decltype(handler)>>(std::move(handler), work));
  };
  const bool done =
      co_await asio::async_initiate<const asio::use_awaitable_t<IoExecutor>&, void(std::exception_ptr, bool)>(
          start, as_task);
  co_return done;
}

bool HashingPool::reserve() {
  {
    const std::lock_guard lock{mutex_};
    if (!stopping_ && reserved_ < queue_limit_) {
      ++reserved_;
      return true;
    }
  }
  counters::refused.add();
  return false;
}

Result<> HashingPool::check_queue() const {
  {
    const std::lock_guard lock{mutex_};
    if (!stopping_ && reserved_ < queue_limit_) return {};
  }
  counters::refused.add();
  return overloaded();
}

void HashingPool::push(std::unique_ptr<Job> job) {
  std::unique_lock lock{mutex_};
  if (stopping_) {
    lock.unlock();
    job->complete();
    return;
  }
  queue_.push_back(std::move(job));
  lock.unlock();
  counters::queue_length.add(1);
  wake_.notify_one();
}

void HashingPool::serve(HashArena& arena) {
  let_others_go_first();
  ::pthread_setname_np(::pthread_self(), "hashing");
  std::unique_lock lock{mutex_};
  for (;;) {
    if (queue_.empty() && arena.is_dirty()) {
      lock.unlock();
      arena.wipe();
      lock.lock();
    }
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;  // `stop` answers those that wait
    const std::unique_ptr<Job> job = std::move(queue_.front());
    queue_.pop_front();
    --reserved_;
    lock.unlock();

    counters::queue_length.add(-1);
    job->run(arena);
    job->complete();
    lock.lock();
  }
}

void HashingPool::stop() {
  std::deque<std::unique_ptr<Job>> left;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    left.swap(queue_);
    reserved_ -= left.size();
  }
  wake_.notify_all();
  for (const std::unique_ptr<Job>& job : left) {
    counters::queue_length.add(-1);
    job->complete();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::size_t HashingPool::queue_length() const {
  const std::lock_guard lock{mutex_};
  return queue_.size();
}

}  // namespace latchkey::crypto::password
