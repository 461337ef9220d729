#pragma once

#ifdef LATCHKEY_TEST_HOOKS

#include <sqlite3.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace latchkey::db::sqlite::test_disk {

/// What one file would hold if the power went now: for each sector that has been written since the last good
/// sync, what stood there before. For one thread at a time.
class Unsynced {
 public:
  /// Whether a sector is to be lost.
  using Lost = std::function<bool()>;

  /// Before these bytes are written, or cut off.
  void remember(sqlite3_file& file, sqlite3_int64 from, sqlite3_int64 to);
  /// A sync has succeeded.
  void synced();
  /// A sync has failed. The kernel drops some of the sectors, so that the file holds what it held before, and
  /// takes the others for written, which they are not: they stand in memory until the power goes.
  void sync_failed(sqlite3_file& file, const Lost& lost);
  /// Makes the file be what a power cut leaves. Works by its name: the process that has it open is about to
  /// die.
  void cut(const std::string& path, const Lost& lost);

 private:
  static constexpr sqlite3_int64 sector = 512;
  using Sectors = std::map<sqlite3_int64, std::array<char, static_cast<std::size_t>(sector)>>;

  Sectors before_;     ///< since the last sync
  Sectors forgotten_;  ///< the kernel takes them for written
  std::optional<sqlite3_int64> size_before_;
};

}  // namespace latchkey::db::sqlite::test_disk

#endif
