#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "settings/load.h"

namespace latchkey::settings {

/// A small file that may hold secrets.
struct PrivateFile {
  std::string text;
  /// How others than its owner could read or change it and how to mend that, as the rest of a sentence;
  /// nothing when they can not. A file of root that root opened to a group of ours (mode 0640 or 0440, as
  /// service managers hand out credentials) counts as private.
  std::optional<std::string> exposure;
};

/// What becomes of a file that others can get at.
enum class Exposed : std::uint8_t {
  report,  ///< its operator's: `exposure` says so
  close    ///< the server's own: if it belongs to this user, its mode is mended and that is logged
};

/// Reads a regular file of at most a megabyte; mode and owner are those of the very file that was read.
boost::system::result<PrivateFile, Problems> read_private_file(const std::filesystem::path& path,
                                                               Exposed exposed = Exposed::report);

/// Makes a file that must not exist yet, mode 0600, and returns once it and its directory entry are on the
/// disk. Throws std::system_error; a file that could not be written whole is removed.
void write_new_private_file(const std::filesystem::path& path, std::string_view text);

}  // namespace latchkey::settings
