#pragma once

#include <atomic>
#include <cstdint>

namespace latchkey::db::test {

/// A disk that fails when told to: a layer between SQLite and the file system for every file opened while it
/// exists. One at a time.
class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  /// Each is an SQLite result code that the operation gives instead of being done; 0 lets it work.
  std::atomic<int> fail_write{0};
  std::atomic<int> fail_sync{0};
  std::atomic<int> slow_sync_ms{0};
  /// Ends the process, as `kill -9` does, at the n-th write or sync from now; 0 never.
  std::atomic<int> kill_after{0};

  std::atomic<std::uint64_t> writes{0};
  std::atomic<std::uint64_t> syncs{0};
};

}  // namespace latchkey::db::test
