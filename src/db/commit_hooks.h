#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <vector>

namespace latchkey::db {

/// What is to be done once a write has committed, in the order in which it was added. The first few take no
/// memory of their own, and neither does a hook that keeps no more than two pointers or numbers. For one
/// thread at a time.
class CommitHooks {
 public:
  using Hook = std::function<void()>;

  void add(Hook hook);
  /// Forgets everything: the write was taken back, or is run again.
  void clear();
  /// Runs and forgets everything. The write can not be taken back any more, so what a hook throws is logged.
  void run() noexcept;
  static void run(const Hook& hook) noexcept;

 private:
  std::array<Hook, 3> first_;
  std::vector<Hook> more_;
  std::size_t count_ = 0;
};

}  // namespace latchkey::db
