#include "mail/mail_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <queue>
#include <system_error>

#include "mail/file_name.h"

namespace latchkey::mail {
namespace {

constexpr std::size_t most_of_head = 4096;
constexpr std::size_t most_of_mail = 256 * 1024;
/// Twice as many as files.h leaves there.
constexpr std::size_t most_names = 20'000;

struct Close {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, Close>;

Folder open_for_reading(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    if (DIR* const folder = ::fdopendir(fd)) return Folder(folder);
    ::close(fd);
  }
  throw std::system_error(errno, std::system_category(), path.string());
}

/// At most `most` bytes of the file, and one more if it has them. Nothing for what is not there, may not be
/// read, or is no regular file: a link could lead anywhere, and a pipe would never answer.
std::optional<std::string> read_file(const Folder& folder, const std::string& name, std::size_t most) {
  const int fd =
      ::openat(::dirfd(folder.get()), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  struct stat status {};
  std::optional<std::string> text;
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    text.emplace(most + 1, '\0');
    std::size_t size = 0;
    while (size < text->size()) {
      const ssize_t got = ::read(fd, text->data() + size, text->size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      size += static_cast<std::size_t>(got);
    }
    text->resize(size);
  }
  ::close(fd);
  return text;
}

std::optional<WrittenMail> read_mail(const Folder& folder, const std::string& name, std::size_t most) {
  const auto written_at = read_file_name(name);
  if (!written_at.has_value()) return std::nullopt;
  const auto text = read_file(folder, name, most);
  if (!text.has_value()) return std::nullopt;
  return WrittenMail{.id = name.substr(0, name.size() - file_suffix.size()),
                     .written_at = *written_at,
                     .message = read_message(std::string_view(*text).substr(0, most)),
                     .is_cut = text->size() > most};
}

}  // namespace

NewestMails list_newest_mails(const std::filesystem::path& path, std::size_t most) {
  const Folder folder = open_for_reading(path);
  NewestMails result;
  // The oldest of those kept stands in front, and goes first.
  std::priority_queue<std::string, std::vector<std::string>, std::greater<>> newest;
  std::size_t seen = 0;
  while (const dirent* const entry = ::readdir(folder.get())) {
    if (++seen > most_names) {
      result.has_too_many = true;
      break;
    }
    const std::string_view name = entry->d_name;
    if (!read_file_name(name).has_value()) continue;
    newest.emplace(name);
    if (newest.size() <= most) continue;
    newest.pop();
    result.are_more = true;
  }
  for (; !newest.empty(); newest.pop()) {
    if (auto mail = read_mail(folder, newest.top(), most_of_head)) result.mails.push_back(std::move(*mail));
  }
  std::ranges::reverse(result.mails);
  return result;
}

std::optional<WrittenMail> find_mail(const std::filesystem::path& path, std::string_view id) {
  return read_mail(open_for_reading(path), std::string(id).append(file_suffix), most_of_mail);
}

}  // namespace latchkey::mail
