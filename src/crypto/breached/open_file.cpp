#include "crypto/breached/open_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace latchkey::crypto::breached {
namespace {

/// Calls `transfer(done)` until nothing is left, or it answers 0. It answers what the system call does.
template <class Transfer>
std::size_t transfer_all(const OpenFile& file, std::size_t size, const char* what, Transfer transfer) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = transfer(done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) file.fail(what);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace

OpenFile::OpenFile(std::filesystem::path path, int flags, mode_t mode)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode)) {
  if (descriptor_ < 0) fail("cannot be opened");
}

OpenFile OpenFile::without_name(const std::filesystem::path& folder) {
  std::string name = (folder / ".latchkey-sort-XXXXXX").string();
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  OpenFile file(folder, descriptor, nullptr);
  if (descriptor < 0) file.fail("cannot hold a temporary file");
  ::unlink(name.c_str());
  return file;
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t OpenFile::read(std::span<std::uint8_t> into) const {
  return transfer_all(*this, into.size(), "cannot be read", [&](std::size_t done) {
    return ::read(descriptor_, into.data() + done, into.size() - done);
  });
}

std::size_t OpenFile::read_at(std::uint64_t offset, std::span<std::uint8_t> into) const {
  return transfer_all(*this, into.size(), "cannot be read", [&](std::size_t done) {
    return ::pread(descriptor_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
  });
}

void OpenFile::write(std::span<const std::uint8_t> bytes) const {
  transfer_all(*this, bytes.size(), "cannot be written", [&](std::size_t done) {
    return ::write(descriptor_, bytes.data() + done, bytes.size() - done);
  });
}

void OpenFile::write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) const {
  transfer_all(*this, bytes.size(), "cannot be written", [&](std::size_t done) {
    return ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
  });
}

void OpenFile::sync() const {
  if (::fsync(descriptor_) != 0) fail("cannot be synced");
}

void OpenFile::fail(const char* what) const {
  throw std::system_error(errno, std::system_category(), path_.string() + " " + what);
}

}  // namespace latchkey::crypto::breached
