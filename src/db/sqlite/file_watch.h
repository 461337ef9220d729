#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/periodic.h"

namespace latchkey::db::sqlite {

/// Notices within a second that the database or its companions are not where they were: moved away, deleted,
/// or replaced by another file. SQLite goes on with the files that it has open, so that what it acknowledges
/// would be gone at the next start.
class FileWatch {
 public:
  enum class Missing : std::uint8_t {
    nothing,
    companion,  ///< the log or its index; the database itself is in place
    database
  };
  /// Called on the watch's thread, each time that the answer changes. The text is for the operator.
  using Tell = std::function<void(Missing missing, const std::string& why)>;

  /// `file` is the database. The files that are there now are taken for the ones that SQLite has open: call
  /// it once SQLite has opened all three, which it keeps under their names for as long as it has them open.
  FileWatch(std::filesystem::path file, Tell tell);

  void start() { thread_.start(); }
  void stop() { thread_.stop(); }

 private:
  struct Identity {
    dev_t device;
    ino_t number;
    bool operator==(const Identity&) const = default;
  };
  static constexpr std::array suffixes{"", "-wal", "-shm"};

  static std::optional<Identity> identify(const std::filesystem::path& path);
  void look();

  const std::filesystem::path file_;
  const Tell tell_;
  std::array<std::optional<Identity>, suffixes.size()> known_;  ///< nothing: not watched
  std::string told_;
  Periodic thread_;  // last: it uses all of the above
};

}  // namespace latchkey::db::sqlite
