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

namespace latchkey::crypto::password {
namespace {

constexpr asio::use_awaitable_t<IoExecutor> as_task{};
constexpr std::size_t default_queue_per_thread = 128;

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
struct HashingPool::AwaitedJob final : HashJob {
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
      queue_(options.queue_limit != 0 ? options.queue_limit : default_queue_per_thread * thread_count_) {
  for (std::size_t i = 0; i < thread_count_; ++i) arenas_.push_back(std::make_unique<HashArena>(parameters_));
  try {
    for (const auto& arena : arenas_) threads_.emplace_back([this, &arena] { serve(*arena); });
  } catch (...) {
    stop();
    throw;
  }
}

HashingPool::~HashingPool() { stop(); }

Task<Result<std::string>> HashingPool::hash(ClientNetwork client, Secret nfc_password) {
  if (auto room = check_queue(client); room.has_error()) co_return room.error();
  std::string stored;
  Work work = [&](HashArena& arena) {
    const CountedHash counted;
    stored = hash_password(nfc_password, parameters_, arena);
  };
  const bool done = co_await run(client, std::move(work));
  if (!done) co_return overloaded();
  co_return stored;
}

Task<Result<HashingPool::Chosen>> HashingPool::hash_if_good(ClientNetwork client, Secret nfc_password,
                                                            std::vector<std::string> user_inputs,
                                                            Demands demands) {
  if (auto room = check_queue(client); room.has_error()) co_return room.error();
  Chosen chosen;
  Work work = [&](HashArena& arena) {
    chosen.verdict = judge(nfc_password.text(), user_inputs, demands);
    if (chosen.verdict != Verdict::good) return;
    const CountedHash counted;
    chosen.hash = hash_password(nfc_password, parameters_, arena);
  };
  const bool done = co_await run(client, std::move(work));
  if (!done) co_return overloaded();
  co_return chosen;
}

Task<Result<HashingPool::Checked>> HashingPool::verify(ClientNetwork client, std::string stored,
                                                       TriedPassword tried) {
  if (auto room = check_queue(client); room.has_error()) co_return room.error();
  Checked checked{.tried = std::move(tried)};
  Work work = [&](HashArena& arena) {
    const CountedHash counted;
    const TriedPassword& it = checked.tried;
    checked.outcome = verify_password(stored, it.as_sent(), it.nfc, arena, parameters_);
    // Nobody shall see by the time that an account has such a hash.
    if (checked.outcome == Verification::unreadable)
      verify_password(dummy_, it.as_sent(), it.nfc, arena, parameters_);
  };
  const bool done = co_await run(client, std::move(work));
  if (!done) co_return overloaded();
  co_return std::move(checked);
}

Task<Result<Verdict>> HashingPool::judge_only(ClientNetwork client, Secret nfc_password,
                                              std::vector<std::string> user_inputs, Demands demands) {
  if (auto room = check_queue(client); room.has_error()) co_return room.error();
  Verdict verdict = Verdict::good;
  Work work = [&](HashArena&) { verdict = judge(nfc_password.text(), user_inputs, demands); };
  const bool done = co_await run(client, std::move(work));
  if (!done) co_return overloaded();
  co_return verdict;
}

Task<bool> HashingPool::run(ClientNetwork client, Work work) {
  auto start = [this, client, &work](auto handler) {
    push(client, std::make_unique<AwaitedJob<decltype(handler)>>(std::move(handler), work));
  };
  const bool done =
      co_await asio::async_initiate<const asio::use_awaitable_t<IoExecutor>&, void(std::exception_ptr, bool)>(
          start, as_task);
  co_return done;
}

Result<> HashingPool::check_queue(ClientNetwork client) const {
  {
    const std::lock_guard lock{mutex_};
    if (!stopping_ && queue_.has_room(client)) return {};
  }
  counters::refused.add();
  return overloaded();
}

void HashingPool::push(ClientNetwork client, std::unique_ptr<HashJob> job) {
  std::unique_ptr<HashJob> without_place;
  {
    const std::lock_guard lock{mutex_};
    const std::size_t before = queue_.size();
    without_place = stopping_ ? std::move(job) : queue_.push(client, std::move(job));
    counters::queue_length.add(static_cast<std::int64_t>(queue_.size()) - static_cast<std::int64_t>(before));
  }
  wake_.notify_one();
  if (without_place == nullptr) return;
  counters::refused.add();
  without_place->complete();
}

void HashingPool::serve(HashArena& arena) {
  let_others_go_first();
  ::pthread_setname_np(::pthread_self(), "hashing");
  std::unique_lock lock{mutex_};
  for (;;) {
    if (queue_.is_empty() && arena.is_dirty()) {
      lock.unlock();
      arena.wipe();
      lock.lock();
    }
    wake_.wait(lock, [this] { return stopping_ || !queue_.is_empty(); });
    if (stopping_) return;  // `stop` answers those that wait
    const FairQueue::Turn turn = queue_.take();
    lock.unlock();

    counters::queue_length.add(-1);
    const auto started = std::chrono::steady_clock::now();
    turn.job->run(arena);
    const auto took = std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - started);
    lock.lock();
    queue_.finish(turn.client, took);  // first: what the coroutine asks for next is not beside this
    lock.unlock();
    turn.job->complete();
    lock.lock();
  }
}

void HashingPool::stop() {
  std::vector<std::unique_ptr<HashJob>> left;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    left = queue_.take_all();
  }
  wake_.notify_all();
  for (const std::unique_ptr<HashJob>& job : left) {
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
