#include "crypto/breached/make_index.h"

#include <fcntl.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "crypto/breached/line.h"
#include "crypto/breached/open_file.h"
#include "crypto/breached/sorter.h"
#include "crypto/breached/writer.h"

namespace latchkey::crypto::breached {
namespace {

constexpr std::size_t read_at_once = std::size_t{1} << 20;
/// No password is longer (password.max_length, four bytes a character), and no line of hashes.
constexpr std::size_t longest_line = 16384;

/// The lines of a file without their ends (LF or CRLF).
class Lines {
 public:
  explicit Lines(const std::filesystem::path& path) : file_(path, O_RDONLY), buffer_(read_at_once) {}
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  ~Lines() { wipe(buffer_.data(), buffer_.size()); }

  /// False at the end. A line that is too long comes as its beginning, which `is_too_long` tells.
  bool next(std::string_view& line) {
    too_long_ = false;
    for (;;) {
      const std::string_view rest{buffer_.data() + from_, until_ - from_};
      const std::size_t end = rest.find('\n');
      if (end != std::string_view::npos) {
        from_ += end + 1;
        return give(rest.substr(0, end), line);
      }
      if (rest.size() > longest_line) too_long_ = true;
      if (!fill(too_long_ ? longest_line : rest.size())) {
        from_ = until_;
        return until_ > 0 && give({buffer_.data(), until_}, line);
      }
    }
  }
  bool is_too_long() const { return too_long_; }

 private:
  bool give(std::string_view found, std::string_view& line) {
    if (found.ends_with('\r')) found.remove_suffix(1);
    too_long_ = too_long_ || found.size() > longest_line;
    line = found;
    return true;
  }

  /// Keeps the first `kept` bytes of what is not given yet, and reads on behind them. False at the end.
  bool fill(std::size_t kept) {
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(from_), kept, buffer_.begin());
    from_ = 0;
    until_ = kept;
    const std::size_t got =
        file_.read({reinterpret_cast<std::uint8_t*>(buffer_.data()) + until_, buffer_.size() - until_});
    until_ += got;
    return got > 0;
  }

  OpenFile file_;
  std::vector<char> buffer_;
  std::size_t from_ = 0;
  std::size_t until_ = 0;
  bool too_long_ = false;
};

std::string say(std::uint64_t line, std::string_view what) {
  return "line " + std::to_string(line) + " " + std::string(what);
}

void read_hashes(Lines& lines, Writer& writer, Made& made) {
  Entry last = 0;
  std::string_view line;
  while (lines.next(line)) {
    ++made.lines;
    if (line.empty()) continue;
    const auto entry = lines.is_too_long() ? std::nullopt : read_hash_line(line);
    if (!entry.has_value()) {
      made.problem = say(made.lines, explain_hash_line(line));
      return;
    }
    if (*entry < last) {
      made.problem =
          say(made.lines, "is out of order: take the list that is sorted by hash, or sort it first");
      return;
    }
    last = *entry;
    writer.add(*entry);
  }
}

void read_passwords(Lines& lines, const std::filesystem::path& folder, Writer& writer, Made& made) {
  Sorter sorter(folder);
  std::string_view line;
  while (lines.next(line)) {
    ++made.lines;
    const auto entry = lines.is_too_long() ? std::nullopt : read_password_line(line);
    if (entry.has_value()) {
      sorter.add(*entry);
    } else {
      ++made.skipped;
    }
  }
  sorter.drain([&](Entry entry) { writer.add(entry); });
}

}  // namespace

Made make_index(const std::filesystem::path& list, ListKind kind, const std::filesystem::path& index) {
  Made made;
  Lines lines(list);
  Writer writer(index);
  if (kind == ListKind::hashes) {
    read_hashes(lines, writer, made);
  } else {
    const auto folder = index.has_parent_path() ? index.parent_path() : std::filesystem::path(".");
    read_passwords(lines, folder, writer, made);
  }
  if (made.problem.has_value()) return made;
  if (writer.is_empty()) {
    made.problem = "it has no passwords";
    return made;
  }
  made.entries = writer.finish();
  made.bytes = header_size + made.entries * entry_size;
  return made;
}

}  // namespace latchkey::crypto::breached
