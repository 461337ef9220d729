#include "app/cli/console.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace latchkey::app::cli {
namespace {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) throw ConsoleGone("nobody reads the output any more");
    if (written < 0) throw std::system_error(errno, std::system_category(), "cannot write the output");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void Console::complain(std::string_view sentence) { err("latchkey: " + std::string(sentence) + "\n"); }

void ProcessConsole::out(std::string_view text) { write_all(STDOUT_FILENO, text); }
void ProcessConsole::err(std::string_view text) { write_all(STDERR_FILENO, text); }

}  // namespace latchkey::app::cli
