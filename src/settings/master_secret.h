#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "settings/load.h"

namespace latchkey::settings {

/// The 32 bytes that every key of ours is derived from, kept outside the database.
struct MasterSecret {
  Secret current;                  ///< 32 bytes
  std::optional<Secret> previous;  ///< 32 bytes; verifies and decrypts only
};

/// The 32 bytes that 64 hexadecimal digits spell (white space around them is let go). A refusal says why and
/// quotes nothing: the wrong length, other characters, or bytes that are no random ones: few different ones,
/// a repeated pattern, a sequence, text, a published example. A random secret is refused with a chance below
/// 2^-40.
boost::system::result<Secret, Problems> parse_master_secret(std::string_view text);

/// The secret in force: from `master_secret`, else from `master_secret_file`, else from the file
/// `master_secret` in the data directory. Only that last one, and only with the embedded database, is made
/// when it is missing: random, mode 0600, synced together with its directory before this returns. (Nodes that
/// share a PostgreSQL must be given one.)
///
/// A file that others than its owner can read or change, or whose owner is neither this user nor root, is
/// refused with how to mend it. If it stands in the data directory and belongs to this user, its mode is
/// mended and that is logged: the system that mounts the directory may widen it each time (Kubernetes'
/// fsGroup). `settings.data_dir` must exist.
boost::system::result<MasterSecret, Problems> load_master_secret(const Settings& settings);

}  // namespace latchkey::settings
