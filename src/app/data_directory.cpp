#include "app/data_directory.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

#include "app/refusal.h"
#include "base/log.h"
#include "settings/private_file.h"
#include "settings/sentence.h"

namespace latchkey::app {

namespace fs = std::filesystem;

namespace {

constexpr const char* database_name = "latchkey.db";

fs::path note_file(const fs::path& data_dir) { return data_dir / "store_made"; }

/// The name of a user, if it has one here.
std::optional<std::string> find_user_name(uid_t user) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> text(1 << 14);
  if (::getpwuid_r(user, &entry, text.data(), text.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return entry.pw_name;
}

/// What runs a command as another user. sudo knows only users with a name, and nobody but those who are not
/// root need it; the others are Debian's util-linux, which every machine has.
std::string act_as(uid_t user, gid_t group) {
  const bool is_root = ::geteuid() == 0;
  if (const auto name = find_user_name(user)) {
    return (is_root ? "runuser -u " + settings::shell_word(*name) + " --"
                    : "sudo -u " + settings::shell_word(*name));
  }
  return fmt::format("{}setpriv --reuid={} --regid={} --clear-groups", is_root ? "" : "sudo ", user, group);
}

std::string reason(int error) { return std::system_category().message(error); }

enum class Foreign : std::uint8_t {
  refused,
  left_alone  ///< the function that reads it judges its owner
};

/// What others could read or change is taken back, and what belongs to somebody else is refused. Of a link
/// that is what it leads to (F51).
void keep_private(const fs::path& path, mode_t mode, Foreign foreign = Foreign::refused) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;  // not there yet
  if (status.st_uid != ::geteuid()) {
    if (foreign == Foreign::left_alone) return;
    throw StartRefused(
        fmt::format("{} belongs to another user (id {}): give it to the one that runs the server, as root "
                    "with chown -R {} {}",
                    path.string(), status.st_uid, ::geteuid(), settings::shell_word(path.string())));
  }
  if ((status.st_mode & 077) == 0) return;
  if (::chmod(path.c_str(), mode) != 0) {
    throw StartRefused(fmt::format("others can access {}, and its mode cannot be changed: {}", path.string(),
                                   reason(errno)));
  }
  log::warn("files.made_private", {{"path", path.string()}});
}

}  // namespace

bool has_store(const fs::path& data_dir) {
  std::error_code ignored;
  return fs::exists(data_dir / database_name, ignored);
}

void refuse_no_directory(const fs::path& data_dir) {
  std::error_code error;
  const auto status = fs::status(data_dir, error);
  // With a slash behind it the name would be that of what the link leads to.
  const fs::path link = data_dir.has_filename() ? data_dir : data_dir.parent_path();
  std::error_code ignored;
  if (!fs::exists(status) && fs::is_symlink(fs::symlink_status(link, ignored))) {
    throw StartRefused(
        fmt::format("data_dir {} is a link to {}, which can not be used: {}: mount or make that directory, "
                    "or name another one",
                    link.string(), fs::read_symlink(link, ignored).string(), error.message()));
  }
  if (!fs::exists(status) || fs::is_directory(status)) return;
  throw StartRefused(fmt::format("data_dir {} is {}, not a directory: name another one, or move it away",
                                 data_dir.string(),
                                 fs::is_regular_file(status) ? "a file" : "something else"));
}

void make_data_directory(const fs::path& data_dir) {
  refuse_no_directory(data_dir);
  std::error_code ignored;  // of the last step the reason is told
  if (data_dir.has_parent_path()) fs::create_directories(data_dir.parent_path(), ignored);
  if (::mkdir(data_dir.c_str(), 0700) != 0 && errno != EEXIST) {
    throw StartRefused(fmt::format("data_dir {} cannot be created: {}", data_dir.string(), reason(errno)));
  }
  keep_private(data_dir, 0700);
  keep_private(data_dir / "mail", 0700);
  for (const char* name : {"latchkey.db", "latchkey.db-wal", "latchkey.db-shm"})
    keep_private(data_dir / name, 0600);
  for (const char* name : {"master_secret", "store_made", "lock", "latchkey.db.replaced"})
    keep_private(data_dir / name, 0600, Foreign::left_alone);
}

void refuse_foreign_owner(const fs::path& data_dir) {
  struct stat status {};
  if (::stat(data_dir.c_str(), &status) != 0 || status.st_uid == ::geteuid()) return;
  throw StartRefused(
      fmt::format("{} belongs to another user (id {}) and no server answers there: give the command as that "
                  "user, with {} in "
                  "front of it",
                  data_dir.string(), status.st_uid, act_as(status.st_uid, status.st_gid)));
}

void refuse_lost_store(const fs::path& data_dir) {
  // In this order: the process that makes a store notes it after the database has its tables.
  std::error_code ignored;
  if (!fs::exists(note_file(data_dir), ignored)) return;
  const fs::path database = data_dir / database_name;
  const auto size = fs::file_size(database, ignored);
  if (!ignored && size > 0) return;
  throw StartRefused(
      fmt::format("{} is {}, but this data directory has held a store: restore a backup with `latchkey "
                  "restore FILE`, or remove {} to start again without any account",
                  database.string(), ignored ? "gone" : "empty", note_file(data_dir).string()));
}

void note_store_made(const fs::path& data_dir) {
  std::error_code ignored;
  if (fs::exists(note_file(data_dir), ignored)) return;
  try {
    settings::write_new_private_file(
        note_file(data_dir), "A store was created here: if latchkey.db is empty, the store was lost.\n");
  } catch (const std::system_error& error) {
    // Of two that note it one is late; and a full disk must not keep a server from starting.
    if (error.code() != std::errc::file_exists)
      log::warn("store.not_noted", {{"path", note_file(data_dir).string()}, {"why", error.what()}});
  }
}

}  // namespace latchkey::app
