#pragma once

#include <filesystem>
#include <string>

#include "db/sqlite/handle.h"

namespace latchkey::db::sqlite {

/// Makes `latchkey.db` when there is none, sees that it and its companions are 0600, and refuses what is no
/// SQLite file or has lost its end. Before any connection: closing a file of ours drops SQLite's locks on it.
void prepare_file(const std::filesystem::path& file);

/// Opens the writer's connection on a prepared file and looks at it quickly; see `open_sqlite`. The log has
/// been made, and its name survives a power cut.
SqliteHandle open_checked(const std::filesystem::path& file);

/// Opens the writer's connection anew after a sync has failed, while readers may have the database open. The
/// kernel may have dropped what it could not write, and counts it as written. So, before this returns:
///
/// 1. everything in the log is read and written to it again, and synced, with its name in the directory;
/// 2. all of the log is copied into the database, and synced; then the log is cut to nothing;
/// 3. header, schema and pages are checked as at a start: all pages of a file of up to 4 MiB, of a larger one
///    the first of every table.
///
/// Throws `Unavailable` when a step fails, or when somebody who reads (a backup) needs the log for longer
/// than two seconds; call it again later. Throws `Corrupt` when the check finds damage.
SqliteHandle reopen_checked(const std::filesystem::path& file);

/// Opens a file for writing that did not exist, mode 0600 whatever the umask.
int create_private_file(const std::filesystem::path& file);
/// Makes what a file or directory holds, names included, survive a power cut.
void sync_path(const std::filesystem::path& path);
/// The path with something added to its name, such as `-wal`.
std::filesystem::path with_suffix(std::filesystem::path path, const char* suffix);

}  // namespace latchkey::db::sqlite
