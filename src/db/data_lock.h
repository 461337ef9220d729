#pragma once

#include <filesystem>

namespace latchkey::db {

/// The right of one process to a data directory: an advisory lock on its file `lock`, which the kernel drops
/// when the process ends, however it ends. `open_sqlite` takes it; take it by itself only to work on the
/// files while no database is open (restore).
class DataLock {
 public:
  /// Throws `InUse`, naming the directory and the process that has it; `Fault` when the file can not be made.
  explicit DataLock(const std::filesystem::path& directory);
  ~DataLock();
  DataLock(DataLock&& other) noexcept;
  DataLock& operator=(DataLock&&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace latchkey::db
