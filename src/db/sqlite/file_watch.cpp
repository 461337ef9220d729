#include "db/sqlite/file_watch.h"

#include <cerrno>
#include <utility>

#include "base/log.h"
#include "db/sqlite/files.h"

namespace latchkey::db::sqlite {
namespace {

constexpr std::chrono::milliseconds look_every{400};

}  // namespace

FileWatch::FileWatch(std::filesystem::path file, Tell tell)
    : file_(std::move(file)), tell_(std::move(tell)), thread_("file-watch", look_every, [this] { look(); }) {
  for (std::size_t i = 0; i < suffixes.size(); ++i) known_[i] = identify(with_suffix(file_, suffixes[i]));
}

std::optional<FileWatch::Identity> FileWatch::identify(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

void FileWatch::look() {
  Missing missing = Missing::nothing;
  std::string why;
  for (std::size_t i = 0; i < suffixes.size() && missing == Missing::nothing; ++i) {
    if (!known_[i].has_value()) continue;
    const auto path = with_suffix(file_, suffixes[i]);
    const auto found = identify(path);
    if (found == known_[i]) continue;
    if (!found.has_value() && errno != ENOENT && errno != ENOTDIR) continue;  // the file system does not say
    missing = i == 0 ? Missing::database : Missing::companion;
    why = path.string() + (found.has_value() ? " is another file than the one that this server has open"
                                             : " was moved away or deleted while this server has it open");
  }
  if (why == told_) return;
  told_ = why;
  tell_(missing, why);
  if (missing == Missing::nothing) {
    log::info("store.files_back", {{"path", file_.string()}});
  } else {
    log::error(
        "store.files_gone",
        {{"reason", why},
         {"hint",
          "the server writes nothing until the file is back in its place; or stop the server, and put the "
          "file or a backup in its place before the next start"}});
  }
}

}  // namespace latchkey::db::sqlite
