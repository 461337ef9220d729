#include "crypto/hashing_pool.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>

#include "base/cores.h"
#include "base/metrics.h"
#include "crypto/password_strength.h"

namespace latchkey::crypto {
namespace {

constexpr asio::use_awaitable_t<IoExecutor> as_task{};
constexpr std::size_t default_queue_per_thread = 64;
/// So long the threads may get next to no time before the keeper steps in.
constexpr std::chrono::milliseconds patience{250};
/// Next to no time: less than this part of what has passed.
constexpr int starved_below = 50;
/// What is done waits no longer for others to be handed over with.
constexpr std::chrono::microseconds longest_gathering{500};
constexpr int lowest_priority = 19;

/// Lets everything else go first. The way back is closed to a process without privileges, so a thread stays
/// so.
void run_when_idle() {
  const sched_param no_priority{};
  static_cast<void>(::sched_setscheduler(0, SCHED_IDLE, &no_priority));  // 0: the calling thread
}

/// A small share beside requests that keep every core busy, still.
void run_with_a_small_share() {
  // On Linux a thread has its own nice value, and 0 is the calling thread. Refused by no kernel; harmless if
  // it were.
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, lowest_priority));
}

Error overloaded() { return Error{ErrorCode::overloaded, Seconds{1}}; }

/// Counts one hash and the time that it took.
class CountedHash {
 public:
  CountedHash() = default;
  CountedHash(const CountedHash&) = delete;
  CountedHash& operator=(const CountedHash&) = delete;
  ~CountedHash() {
    metrics::observe(metrics::Timing::password_hash,
                     std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - started_));
    metrics::count(metrics::Counter::password_hashed);
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

  IoExecutor home() const override { return asio::get_associated_executor(handler); }

  void resume() override { std::move(handler)(std::move(failure), done); }

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
      decoy_(make_decoy_hash(options.parameters)),
      thread_count_(options.threads != 0 ? options.threads : usable_cores()),
      queue_limit_(options.queue_limit != 0 ? options.queue_limit
                                            : default_queue_per_thread * thread_count_) {
  for (std::size_t i = 0; i < thread_count_; ++i) arenas_.push_back(std::make_unique<HashArena>(parameters_));
  try {
    for (const auto& arena : arenas_) threads_.emplace_back([this, &arena] { serve(*arena); });
    keeper_ = std::thread([this] { keep_a_share(); });
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

Task<Result<Verification>> HashingPool::verify(std::string stored, Secret raw, Secret nfc) {
  if (!reserve()) co_return overloaded();
  Verification outcome = Verification::unreadable;
  Work work = [&](HashArena& arena) {
    const CountedHash counted;
    outcome = verify_password(stored, raw, nfc, arena);
  };
  const bool done = co_await run(std::move(work));
  if (!done) co_return overloaded();
  co_return outcome;
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
  metrics::count(metrics::Counter::hashing_refused);
  return false;
}

void HashingPool::push(std::unique_ptr<Job> job) {
  std::unique_lock lock{mutex_};
  if (stopping_) {
    lock.unlock();
    Jobs refused;
    refused.push_back(std::move(job));
    hand_over(std::move(refused));
    return;
  }
  queue_.push_back(std::move(job));
  const bool wakes_keeper = std::exchange(keeper_sleeps_, false);
  lock.unlock();
  metrics::move(metrics::Gauge::hashing_queue_length, 1);
  wake_.notify_one();
  if (wakes_keeper) wake_keeper_.notify_one();
}

/// Cheap hashes are handed over several at a time: each alone would cost two switches between threads, and
/// a sync of the store for whatever follows. One with the default parameters takes longer than the wait.
void HashingPool::serve(HashArena& arena) {
  run_when_idle();
  ::pthread_setname_np(::pthread_self(), "hashing");
  Jobs done;
  auto handed_over_at = std::chrono::steady_clock::now();
  std::unique_lock lock{mutex_};
  for (;;) {
    const bool gathers = std::chrono::steady_clock::now() - handed_over_at < longest_gathering;
    if (!done.empty() && (queue_.empty() || stopping_ || !gathers)) {
      lock.unlock();
      hand_over(std::exchange(done, {}));
      handed_over_at = std::chrono::steady_clock::now();
      lock.lock();
    }
    if (queue_.empty() && arena.is_dirty()) {
      lock.unlock();
      arena.wipe();
      lock.lock();
    }
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) break;  // `stop` answers those that wait
    done.push_back(run_next(lock, arena));
  }
  lock.unlock();
  hand_over(std::move(done));
}

/// Sleeps while nothing waits, looks now and then while something does, and works only while the threads that
/// should do it are starved. Its memory is taken for each hash alone.
void HashingPool::keep_a_share() {
  run_with_a_small_share();
  ::pthread_setname_np(::pthread_self(), "hashing-share");
  HashArena arena;
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    if (queue_.empty()) {
      keeper_sleeps_ = true;
      wake_keeper_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      keeper_sleeps_ = false;
    }
    auto since = std::chrono::steady_clock::now();
    Microseconds before = time_of_threads();
    wake_keeper_.wait_for(lock, patience, [this] { return stopping_; });
    const auto starved = [&] {
      const auto passed = std::chrono::steady_clock::now() - since;
      return time_of_threads() - before < passed / starved_below;
    };
    while (!stopping_ && !queue_.empty() && starved()) {
      since = std::chrono::steady_clock::now();
      before = time_of_threads();
      metrics::count(metrics::Counter::hashing_starved);
      Jobs done;
      done.push_back(run_next(lock, arena));
      lock.unlock();
      hand_over(std::move(done));
      lock.lock();
    }
  }
}

/// Takes the first job, does it without the lock, and comes back with it.
std::unique_ptr<HashingPool::Job> HashingPool::run_next(std::unique_lock<std::mutex>& lock,
                                                        HashArena& arena) {
  std::unique_ptr<Job> job = std::move(queue_.front());
  queue_.pop_front();
  --reserved_;
  lock.unlock();
  metrics::move(metrics::Gauge::hashing_queue_length, -1);
  job->run(arena);
  lock.lock();
  return job;
}

/// Those of one event loop at once, which wakes it once.
void HashingPool::hand_over(Jobs done) {
  while (!done.empty()) {
    const IoExecutor home = done.front()->home();
    Jobs of_home;
    for (std::unique_ptr<Job>& job : done) {
      if (job->home() == home) of_home.push_back(std::move(job));
    }
    std::erase(done, nullptr);
    auto resume = [jobs = std::move(of_home)] {
      for (const std::unique_ptr<Job>& job : jobs) job->resume();
    };
    asio::post(home, std::move(resume));
  }
}

/// The time that the cores have given to them in all.
Microseconds HashingPool::time_of_threads() const {
  Microseconds sum{0};
  for (const std::thread& thread : threads_) {
    clockid_t clock{};
    timespec used{};
    if (::pthread_getcpuclockid(const_cast<std::thread&>(thread).native_handle(), &clock) != 0) continue;
    if (::clock_gettime(clock, &used) != 0) continue;
    sum += std::chrono::duration_cast<Microseconds>(Seconds(used.tv_sec) +
                                                    std::chrono::nanoseconds(used.tv_nsec));
  }
  return sum;
}

void HashingPool::stop() {
  Jobs left;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    left.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.end()));
    queue_.clear();
    reserved_ -= left.size();
  }
  wake_.notify_all();
  wake_keeper_.notify_all();
  metrics::move(metrics::Gauge::hashing_queue_length, -static_cast<std::int64_t>(left.size()));
  hand_over(std::move(left));
  if (keeper_.joinable()) keeper_.join();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::size_t HashingPool::queue_length() const {
  const std::lock_guard lock{mutex_};
  return queue_.size();
}

}  // namespace latchkey::crypto
