#include "settings/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "base/log.h"
#include "settings/sentence.h"

namespace latchkey::settings {
namespace {

constexpr std::size_t max_size = 1 << 20;

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, mode_t mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason(int error) { return std::system_category().message(error); }

/// How an operator who mounted a file from outside gives it another mode: changing it here would be refused.
constexpr std::string_view mount_advice =
    "the mode is given where the file is mounted: in Kubernetes `defaultMode: 0400` of the secret's volume "
    "(with "
    "fsGroup where the server is not root), in Docker `mode: 0400` and `uid` of the secret, or the mode of "
    "the file "
    "on the host";

bool is_exposed(const struct stat& status) {
  const bool lent_by_root = status.st_uid == 0 && ::geteuid() != 0;
  return (status.st_mode & (lent_by_root ? 0037U : 0077U)) != 0;
}

bool is_on_read_only_mount(int fd) {
  struct statvfs mount {};
  return ::fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0;
}

/// Nothing when nobody else can get at the file.
std::optional<std::string> find_exposure(int fd, const struct stat& status,
                                         const std::filesystem::path& path) {
  const uid_t self = ::geteuid();
  if (status.st_uid != self && status.st_uid != 0) {
    return fmt::format("it belongs to another user (id {}): run chown {} {}", status.st_uid, self,
                       shell_word(path.string()));
  }
  if (!is_exposed(status)) return std::nullopt;
  const std::string what = fmt::format("others can access it (mode {:04o})", status.st_mode & 07777);
  if (is_on_read_only_mount(fd))
    return fmt::format("{}, and its file system is read-only: {}", what, mount_advice);
  if (status.st_uid == self) return fmt::format("{}: run chmod 600 {}", what, shell_word(path.string()));
  return fmt::format("{}, and it is root's: {}; elsewhere, as root, run chgrp {} {} and chmod 640 on it",
                     what, mount_advice, ::getegid(), shell_word(path.string()));
}

/// One that belongs to this user. What was mounted read-only stays as it is.
void close_own(int fd, struct stat& status, const std::filesystem::path& path) {
  if (status.st_uid != ::geteuid() || !is_exposed(status)) return;
  const mode_t mode = status.st_mode & 0600;
  if (::fchmod(fd, mode) != 0) return;
  log::warn("files.made_private", {{"path", path.string()}});
  status.st_mode = mode;
}

[[noreturn]] void fail(int error, const std::filesystem::path& path) {
  throw std::system_error(error, std::system_category(), path.string());
}

void write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno, path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) fail(errno, path);
}

void sync_directory(const std::filesystem::path& path) {
  const Descriptor directory(path, O_RDONLY | O_DIRECTORY);
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) fail(errno, path);
}

/// Whether somebody has put the secret itself where its file is named: a long word of letters and digits
/// alone. It must not stand in the log.
bool looks_like_secret(const std::filesystem::path& path) {
  const std::string& text = path.native();
  return text.size() >= 20 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
                  c == '=';
         });
}

}  // namespace

boost::system::result<PrivateFile, Problems> read_private_file(const std::filesystem::path& path,
                                                               Exposed exposed) {
  const std::string shown = looks_like_secret(path)
                                ? std::string("a value that looks like a secret instead of a path")
                                : path.string();
  const auto refuse = [&](const std::string& why) { return Problems{{shown + ": " + why}}; };
  // Non-blocking, so that a pipe of that name does not hold up the start.
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);
  if (file.get() < 0) return refuse("cannot be opened: " + reason(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return refuse("cannot be examined: " + reason(errno));
  if (!S_ISREG(status.st_mode)) return refuse("is not a regular file");

  PrivateFile result;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return refuse("cannot be read: " + reason(errno));
    if (size == 0) break;
    result.text.append(piece.data(), static_cast<std::size_t>(size));
    if (result.text.size() > max_size) return refuse("is larger than a megabyte");
  }
  wipe(piece.data(), piece.size());
  if (exposed == Exposed::close) close_own(file.get(), status, path);
  result.exposure = find_exposure(file.get(), status, path);
  return result;
}

void write_new_private_file(const std::filesystem::path& path, std::string_view text) {
  // Under another name until it is whole: a process killed in between leaves no half secret under the real
  // one.
  std::filesystem::path draft = path;
  draft += ".new";
  ::unlink(draft.c_str());
  const Descriptor file(draft, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (file.get() < 0) fail(errno, draft);
  try {
    write_all(file.get(), text, draft);
    // A link, and no rename, which would replace what is there.
    if (::link(draft.c_str(), path.c_str()) != 0) fail(errno, path);
  } catch (...) {
    ::unlink(draft.c_str());
    throw;
  }
  ::unlink(draft.c_str());
  sync_directory(path.has_parent_path() ? path.parent_path() : ".");
}

}  // namespace latchkey::settings
