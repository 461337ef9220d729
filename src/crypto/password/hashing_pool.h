#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/client_network.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "crypto/password/fair_queue.h"
#include "crypto/password/hash.h"
#include "crypto/password/hash_job.h"
#include "crypto/password/verdict.h"

namespace latchkey::crypto::password {

/// Threads of low priority that do nothing but hash passwords, each with its own HashArena, which it wipes
/// before it waits for work.
///
/// The client networks share the threads fairly (crypto/password/fair_queue.h); `client` says for whom a job
/// is. Admission is fail-fast: if the client's share is full, `hash` and `verify` answer
/// ErrorCode::overloaded (retry after one second) without waiting. Once admitted, a job is done, or answered
/// with `overloaded` if the pool stops first or a client that has fewer jobs needs its place in a full queue.
/// Every other failure (no memory) is an exception out of the `co_await`.
///
/// `hash` and `verify` may be awaited on any thread's io_context and resume there; those contexts must
/// outlive the pool's `stop`, which completes every job.
class HashingPool {
 public:
  struct Options {
    Argon2Parameters parameters;
    std::size_t threads = 0;      ///< 0: one per core that may be used
    std::size_t queue_limit = 0;  ///< jobs that may wait; 0: 128 per thread
  };

  /// Starts the threads and takes their memory.
  explicit HashingPool(const Options& options);
  HashingPool(const HashingPool&) = delete;
  HashingPool& operator=(const HashingPool&) = delete;
  /// Stops.
  ~HashingPool();

  /// `hash_password` with today's parameters.
  Task<Result<std::string>> hash(ClientNetwork client, Secret nfc_password);
  /// The same for a password that somebody has just chosen, once `judge` (verdict.h) finds it good; no hash
  /// for any other.
  struct Chosen {
    Verdict verdict = Verdict::good;
    std::string hash;
  };
  Task<Result<Chosen>> hash_if_good(ClientNetwork client, Secret nfc_password,
                                    std::vector<std::string> user_inputs, Demands demands);
  /// `verify_password` within the bounds of today's parameters, and the password back: no copy of it is made
  /// for a job. A stored hash that is unreadable takes the time of one that is not.
  struct Checked {
    Verification outcome = Verification::unreadable;
    TriedPassword tried;
  };
  Task<Result<Checked>> verify(ClientNetwork client, std::string stored, TriedPassword tried);

  /// `judge` alone, which can take milliseconds: a storm of odd passwords, or a slow disk, must not stop the
  /// threads that serve requests.
  Task<Result<Verdict>> judge_only(ClientNetwork client, Secret nfc_password,
                                   std::vector<std::string> user_inputs, Demands demands);

  /// Refuses as `hash` and `verify` would now for this client: for callers that do something costly before
  /// they hash.
  Result<> check_queue(ClientNetwork client) const;

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
  template <class Handler>
  struct AwaitedJob;

  void push(ClientNetwork client, std::unique_ptr<HashJob> job);
  Task<bool> run(ClientNetwork client, Work work);
  void serve(HashArena& arena);

  Argon2Parameters parameters_;
  std::string dummy_;
  std::size_t thread_count_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  FairQueue queue_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<HashArena>> arenas_;
  std::vector<std::thread> threads_;
};

}  // namespace latchkey::crypto::password
