#include "app/cli/password_commands.h"

#include <fmt/format.h>

#include "crypto/breached/make_index.h"

namespace latchkey::app::cli {

int index_passwords(const PasswordsIndex& command, const Settings& settings, Console& console) {
  namespace breached = crypto::breached;
  const std::filesystem::path& file = command.to.has_value() ? *command.to : settings.password.breached_file;
  if (file.empty()) {
    console.complain("say with --to where the index is to be, or set password.breached_file");
    return exit_misused;
  }
  const auto kind = command.plain ? breached::ListKind::passwords : breached::ListKind::hashes;
  const auto made = breached::make_index(command.list, kind, file);
  if (made.problem.has_value()) {
    console.complain(fmt::format("{}: {}; no index was made", command.list.string(), *made.problem));
    return exit_refused;
  }
  console.out(
      fmt::format("{} lines read, {} skipped\n{} passwords in {} ({} bytes); a server uses it from its next "
                  "start on\n",
                  made.lines, made.skipped, made.entries, file.string(), made.bytes));
  return exit_done;
}

}  // namespace latchkey::app::cli
