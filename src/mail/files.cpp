#include "mail/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "mail/file_name.h"

namespace latchkey::mail {
namespace {

std::system_error failed(std::string_view what) { return {errno, std::system_category(), std::string(what)}; }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Descriptor open_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw failed("cannot open the mail folder");
  return Descriptor(fd);
}

void write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw failed("cannot write the mail");
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

constexpr std::string_view part_suffix = ".eml.part";

/// What a crash left half written; its mail is still in the outbox.
void remove_parts(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') && name.ends_with(part_suffix)) std::filesystem::remove(entry.path());
  }
}

/// Readers that look for `*.eml` never see half a mail.
void write_file(const std::filesystem::path& folder, const std::string& name, std::string_view data) {
  const Descriptor directory = open_folder(folder);
  const std::string temporary = "." + name + ".part";
  const Descriptor file(::openat(directory.get(), temporary.c_str(),
                                 O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.get() < 0) throw failed("cannot create the mail");
  try {
    write_all(file.get(), data);
    if (::fsync(file.get()) != 0) throw failed("cannot sync the mail");
    if (::renameat(directory.get(), temporary.c_str(), directory.get(), name.c_str()) != 0) {
      throw failed("cannot rename the mail");
    }
  } catch (...) {
    ::unlinkat(directory.get(), temporary.c_str(), 0);
    throw;
  }
  if (::fsync(directory.get()) != 0) throw failed("cannot sync the mail folder");
}

}  // namespace

Files::Files(std::filesystem::path folder, LinkInLog link_in_log, FilesLimit limit)
    : folder_(std::move(folder)), link_in_log_(link_in_log), limit_(limit) {
  if (::mkdir(folder_.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    throw failed("the mail folder " + folder_.string() + " cannot be made");
  }
  open_folder(folder_);
  remove_parts(folder_);
  count_files();
  make_room(0);
}

void Files::count_files() {
  sizes_.clear();
  bytes_ = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    std::error_code gone;
    const auto size = entry.file_size(gone);
    if (gone || name.starts_with('.') || !name.ends_with(file_suffix)) continue;
    sizes_.emplace(name, size);
    bytes_ += size;
  }
}

void Files::make_room(std::uintmax_t bytes) {
  const auto exceeds = [&](std::size_t most_files, std::uintmax_t most_bytes) {
    return !sizes_.empty() && (bytes_ + bytes > most_bytes || sizes_.size() >= most_files);
  };
  if (!exceeds(limit_.most_files, limit_.most_bytes)) return;
  count_files();  // somebody may have tidied up
  if (!exceeds(limit_.most_files, limit_.most_bytes)) return;
  std::size_t removed = 0;
  // A tenth at a time: else each mail would have to look at all files.
  for (; exceeds(limit_.most_files - limit_.most_files / 10, limit_.most_bytes - limit_.most_bytes / 10);
       ++removed) {
    const auto oldest = sizes_.begin();
    std::error_code ignored;
    std::filesystem::remove(folder_ / oldest->first, ignored);
    bytes_ -= oldest->second;
    sizes_.erase(oldest);
  }
  if (removed == 0 || std::exchange(has_told_, true)) return;
  log::warn("mail.files_removed",
            {{"folder", folder_.string()},
             {"removed", removed},
             {"hint", "the folder is full: each time the server removes the oldest tenth of its files"}});
}

Delivery Files::deliver(const Outgoing& mail, std::stop_token /*stop*/) {
  const std::string name = make_file_name(mail.now, mail.id);
  try {
    make_room(mail.message.size());
    write_file(folder_, name, mail.message);
    sizes_.emplace(name, mail.message.size());
    bytes_ += mail.message.size();
  } catch (const std::system_error& error) {
    return {Delivery::Outcome::later, error.what()};
  }
  const std::string path = (folder_ / name).string();
  if (link_in_log_ == LinkInLog::shown && !mail.link.empty()) {
    log::info("mail.written", {{"path", path}, {"link", mail.link}});
  } else {
    log::info("mail.written", {{"path", path}});
  }
  return {};
}

}  // namespace latchkey::mail
