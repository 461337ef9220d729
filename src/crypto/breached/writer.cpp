#include "crypto/breached/writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace latchkey::crypto::breached {
namespace {

constexpr std::size_t written_at_once = std::size_t{1} << 20;

std::filesystem::path draft_of(std::filesystem::path file) {
  file += ".new";
  return file;
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

/// A draft that a killed process left is used again; that of a living one is not. What the list held is known
/// to the world, and the server may run as another user.
OpenFile take_draft(const std::filesystem::path& path) {
  OpenFile draft(path, O_RDWR | O_CREAT, 0644);
  struct stat here {};
  struct stat named {};
  const bool ours = ::flock(draft.descriptor(), LOCK_EX | LOCK_NB) == 0 &&
                    ::fstat(draft.descriptor(), &here) == 0 && ::stat(path.c_str(), &named) == 0 &&
                    here.st_ino == named.st_ino && here.st_dev == named.st_dev;
  if (!ours) throw std::runtime_error(path.string() + " is being written by another process");
  if (::ftruncate(draft.descriptor(), 0) != 0) draft.fail("cannot be emptied");
  return draft;
}

}  // namespace

Writer::Writer(std::filesystem::path file) : target_(std::move(file)), draft_(take_draft(draft_of(target_))) {
  waiting_.reserve(written_at_once + entry_size);
  waiting_.resize(header_size);  // written at the end, so that a part of an index has none
}

Writer::~Writer() {
  if (!done_) ::unlink(draft_.path().c_str());
}

void Writer::add(Entry entry) {
  if (count_ > 0 && entry == last_) return;
  last_ = entry;
  ++count_;
  waiting_.resize(waiting_.size() + entry_size);
  write_entry(waiting_.data() + waiting_.size() - entry_size, entry);
  if (waiting_.size() >= written_at_once) flush();
}

void Writer::flush() {
  draft_.write(waiting_);
  waiting_.clear();
}

std::uint64_t Writer::finish() {
  flush();
  draft_.sync();
  draft_.write_at(0, make_header(count_));
  draft_.sync();
  if (::rename(draft_.path().c_str(), target_.c_str()) != 0)
    throw std::system_error(errno, std::system_category(), target_.string() + " cannot be replaced");
  done_ = true;
  OpenFile(folder_of(target_), O_RDONLY | O_DIRECTORY).sync();
  return count_;
}

}  // namespace latchkey::crypto::breached
