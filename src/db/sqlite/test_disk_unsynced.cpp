#include "db/sqlite/test_disk_unsynced.h"

#ifdef LATCHKEY_TEST_HOOKS

#include <fcntl.h>
#include <unistd.h>

namespace latchkey::db::sqlite::test_disk {

void Unsynced::remember(sqlite3_file& file, sqlite3_int64 from, sqlite3_int64 to) {
  if (!size_before_.has_value()) {
    sqlite3_int64 size = 0;
    file.pMethods->xFileSize(&file, &size);
    size_before_ = size;
  }
  for (sqlite3_int64 at = from / sector; at * sector < to; ++at) {
    if (before_.contains(at)) continue;
    if (auto forgotten = forgotten_.extract(at)) {
      before_.insert(std::move(forgotten));
      continue;
    }
    // Behind the end SQLite's layer gives zeros.
    file.pMethods->xRead(&file, before_[at].data(), static_cast<int>(sector), at * sector);
  }
}

void Unsynced::synced() {
  before_.clear();
  size_before_.reset();
}

void Unsynced::sync_failed(sqlite3_file& file, const Lost& lost) {
  for (auto& [at, bytes] : before_) {
    if (lost()) {
      file.pMethods->xWrite(&file, bytes.data(), static_cast<int>(sector), at * sector);
    } else {
      forgotten_[at] = bytes;
    }
  }
  before_.clear();
  size_before_.reset();
}

void Unsynced::cut(const std::string& path, const Lost& lost) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  const auto put_back = [fd](const Sectors::value_type& entry) {
    [[maybe_unused]] const auto written =
        ::pwrite(fd, entry.second.data(), entry.second.size(), entry.first * sector);
  };
  for (const auto& entry : before_) {
    if (lost()) put_back(entry);
  }
  for (const auto& entry : forgotten_) put_back(entry);
  if (size_before_.has_value() && lost()) {
    const off_t now = ::lseek(fd, 0, SEEK_END);
    if (now > *size_before_) [[maybe_unused]]
      const int shortened = ::ftruncate(fd, *size_before_);
  }
  ::close(fd);
}

}  // namespace latchkey::db::sqlite::test_disk

#endif
