#include "app/cli/secret_input.h"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace latchkey::app::cli {
namespace {

/// Keeps a terminal from showing what is typed.
class Unseen {
 public:
  Unseen() : is_terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  ~Unseen() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  bool is_terminal() const { return is_terminal_; }

 private:
  termios before_{};
  bool is_terminal_;
};

void tell(std::string_view text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Secret read_secret_input(std::string_view prompt) {
  const Unseen unseen;
  if (unseen.is_terminal()) tell(std::string(prompt) + ": ");
  struct Buffer {
    std::array<char, 65536> bytes{};
    std::size_t size = 0;
    ~Buffer() { wipe(bytes.data(), bytes.size()); }
  } buffer;
  for (;;) {
    if (buffer.size == buffer.bytes.size())
      throw std::runtime_error("standard input is too long for a password or a hash");
    const auto got =
        ::read(STDIN_FILENO, buffer.bytes.data() + buffer.size, buffer.bytes.size() - buffer.size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::system_category(), "standard input");
    if (got == 0) break;
    buffer.size += static_cast<std::size_t>(got);
    if (unseen.is_terminal() && buffer.bytes[buffer.size - 1] == '\n') break;
  }
  if (unseen.is_terminal()) tell("\n");
  return Secret(without_line_end({buffer.bytes.data(), buffer.size}));
}

}  // namespace latchkey::app::cli
