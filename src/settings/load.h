#pragma once

#include <boost/system/result.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "settings/settings.h"

namespace latchkey::settings {

/// Where settings come from, weakest first: file, environment, flags.
struct Sources {
  /// `--config`. Otherwise LATCHKEY_CONFIG of `environment`, otherwise `latchkey.toml` in the working
  /// directory if it exists and this user may look into the directory.
  std::optional<std::filesystem::path> config_file;
  /// Variables of the process; those without LATCHKEY_ are not looked at. A setting's variable that is empty
  /// counts as not set, since a tool that passes variables on (`${X}` of Compose) can not leave one out.
  std::vector<std::pair<std::string, std::string>> environment;
  /// Names without the dashes, such as {"tokens.access_ttl", "5m"}.
  std::vector<std::pair<std::string, std::string>> flags;
};

/// Settings, with what `latchkey config` and the log tell about them.
struct Loaded {
  Settings settings;
  /// Parallel to knobs(): "default", "latchkey.toml:12", "environment LATCHKEY_…", "flag --…".
  std::vector<std::string> origins;
  /// What is allowed but unwise, each a sentence; for the log at start.
  std::vector<std::string> warnings;
  /// LATCHKEY_ variables that Kubernetes or Docker made, and that are no settings; for the log.
  std::vector<std::string> left_alone;
  std::optional<std::filesystem::path> config_file;  ///< the file that was read
};

/// Why the server does not start: sentences that name the setting and where it came from. None holds the
/// value of a secret.
struct Problems {
  std::vector<std::string> sentences;
};

/// Reads, merges and checks everything, and tells all that is wrong, not only the first. Unknown names are
/// refused in all three places (in the environment, every LATCHKEY_ variable but the few that are no settings
/// and those that container_variables.h describes). A file that holds secrets and can be read by others is
/// refused.
boost::system::result<Loaded, Problems> load(const Sources& sources);

/// The LATCHKEY_ variables of this process, for Sources.
std::vector<std::pair<std::string, std::string>> process_environment();

/// Reached only when a caller takes the value of a refusal: a bug.
[[noreturn]] void throw_exception_from_error(const Problems& problems, const boost::source_location& where);

}  // namespace latchkey::settings
