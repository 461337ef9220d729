#include "app/cli/data_directory.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "app/core.h"

namespace latchkey::app::cli {

namespace fs = std::filesystem;

bool has_store(const fs::path& data_dir) {
  std::error_code ignored;
  return fs::exists(data_dir / "latchkey.db", ignored);
}

void make_data_directory(const fs::path& data_dir) {
  std::error_code ignored;
  if (data_dir.has_parent_path()) fs::create_directories(data_dir.parent_path(), ignored);
  if (::mkdir(data_dir.c_str(), 0700) == 0 || errno == EEXIST) return;
  throw StartRefused(
      {fmt::format("{} can not be made: {}", data_dir.string(), std::system_category().message(errno))});
}

void refuse_foreign_owner(const fs::path& data_dir) {
  struct stat status {};
  if (::stat(data_dir.c_str(), &status) != 0 || status.st_uid == ::geteuid()) return;
  throw StartRefused({fmt::format(
      "{0} belongs to another user (id {1}) and no server answers there: give the command as that user, "
      "for example with sudo -u '#{1}'",
      data_dir.string(), status.st_uid)});
}

}  // namespace latchkey::app::cli
