#include "db/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "db/error.h"

namespace latchkey::db {
namespace {

/// The process that wrote its number into the file last; only for the message.
std::string read_owner(int fd) {
  char digits[32] = {};
  const auto size = ::pread(fd, digits, sizeof digits - 1, 0);
  std::string owner(digits, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!owner.empty() && owner.back() == '\n') owner.pop_back();
  const bool number = !owner.empty() && owner.find_first_not_of("0123456789") == std::string::npos;
  return number ? " (process " + owner + ")" : "";
}

}  // namespace

DataLock::DataLock(const std::filesystem::path& directory) {
  const auto file = directory / "lock";
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) throw Fault("cannot open " + file.string() + ": " + std::strerror(errno));
  // An flock belongs to the open file, not to the process: it also keeps out a second opening of the same
  // process.
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    const std::string owner = read_owner(fd_);
    ::close(std::exchange(fd_, -1));
    if (reason != EWOULDBLOCK) throw Fault("cannot lock " + file.string() + ": " + std::strerror(reason));
    throw InUse("another latchkey" + owner + " uses the data directory " + directory.string() +
                ": stop it first, or give this one a data_dir of its own");
  }
  // Who holds it is a hint for people: a full disk must not keep the server from starting.
  const std::string owner = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_, 0) == 0) [[maybe_unused]]
    const auto written = ::pwrite(fd_, owner.data(), owner.size(), 0);
}

DataLock::DataLock(DataLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DataLock::~DataLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace latchkey::db
