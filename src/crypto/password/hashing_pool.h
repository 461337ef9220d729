#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "crypto/password/hash.h"

namespace latchkey::crypto::password {

/// Threads of low priority that do nothing but hash passwords, each with its own HashArena, which it wipes
/// before it waits for work.
///
/// Admission is fail-fast: when the queue is full, `hash` and `verify` answer ErrorCode::overloaded (retry
/// after one second) without waiting. Once admitted, a job is done, or answered with `overloaded` when the
/// pool stops first. Every other failure (no memory) is an exception out of the `co_await`.
///
/// `hash` and `verify` may be awaited on any thread's io_context and resume there; those contexts must
/// outlive the pool's `stop`, which completes every job.
class HashingPool {
 public:
  struct Options {
    Argon2Parameters parameters;
    std::size_t threads = 0;      ///< 0: one per core that may be used
    std::size_t queue_limit = 0;  ///< jobs that may wait; 0: 64 per thread
  };

  /// Starts the threads and takes their memory.
  explicit HashingPool(const Options& options);
  HashingPool(const HashingPool&) = delete;
  HashingPool& operator=(const HashingPool&) = delete;
  /// Stops.
  ~HashingPool();

  /// `hash_password` with today's parameters.
  Task<Result<std::string>> hash(Secret nfc_password);
  /// The same for a password that somebody has just chosen, once `guesses_log10` of
  /// crypto/password/strength.h finds it good for at least that; nothing, and no hash, for a weaker one.
  Task<Result<std::optional<std::string>>> hash_if_strong(Secret nfc_password,
                                                          std::vector<std::string> user_inputs,
                                                          double least_guesses_log10);
  /// `verify_password`, and the password back: no copy of it is made for a job.
  struct Checked {
    Verification outcome = Verification::unreadable;
    TriedPassword tried;
  };
  Task<Result<Checked>> verify(std::string stored, TriedPassword tried);

  /// `guesses_log10` of crypto/password/strength.h, which can take milliseconds: a storm of odd passwords
  /// must not stop the threads that serve requests.
  Task<Result<double>> estimate_guesses(Secret password, std::vector<std::string> user_inputs);

  /// Refuses as `hash` and `verify` would now: for whoever does something before them that costs more.
  Result<> check_queue() const;

  /// A stored hash of nobody; the same for the pool's life, so that it costs nothing to have. Give it to
  /// `verify` for an unknown account.
  const std::string& dummy() const { return dummy_; }
  const Argon2Parameters& parameters() const { return parameters_; }

  /// Takes no more jobs, finishes those that run, completes those that wait with `overloaded`, and joins. Any
  /// thread but the pool's own may call it, more than once.
  void stop();

  /// Jobs that wait now (for metrics). Any thread.
  std::size_t queue_length() const;
  std::size_t thread_count() const { return thread_count_; }

 private:
  using Work = std::function<void(HashArena&)>;
  /// A piece of work and the coroutine that awaits it.
  struct Job {
    Job() = default;
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    virtual ~Job() = default;
    virtual void run(HashArena& arena) noexcept = 0;
    /// Resumes the coroutine, on its own executor; `done` when `run` was called.
    virtual void complete() noexcept = 0;
  };
  template <class Handler>
  struct AwaitedJob;

  bool reserve();
  void push(std::unique_ptr<Job> job);
  Task<bool> run(Work work);
  void serve(HashArena& arena);

  Argon2Parameters parameters_;
  std::string dummy_;
  std::size_t thread_count_;
  std::size_t queue_limit_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;
  std::size_t reserved_ = 0;  ///< admitted and not yet taken by a thread
  bool stopping_ = false;
  std::vector<std::unique_ptr<HashArena>> arenas_;
  std::vector<std::thread> threads_;
};

}  // namespace latchkey::crypto::password
