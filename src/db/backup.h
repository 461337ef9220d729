#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "db/data_lock.h"
#include "db/database.h"

namespace latchkey::db {

/// Writes a copy of the whole database, as it stands at one moment, to a new file with mode 0600, synced
/// before this returns, while the server goes on reading and writing. Either the file is complete or there is
/// none. Blocks for as long as the disk needs: call it on a thread of its own. Throws `Fault` when `file`
/// exists or can not be written.
void backup(Database& database, const std::filesystem::path& file);

/// Reads everything and says what is wrong, one sentence each; empty when nothing is. Blocks.
std::vector<std::string> check_integrity(Database& database);

/// Restoring is done beside the running files, so that a kill at any moment leaves the old database or the
/// new one:
///
///   DataLock lock(data_dir);
///   make_restore_directory(backup, data_dir / "restore");              // verified copy as
///   restore/latchkey.db { Database restored(open_sqlite({.directory = data_dir / "restore"})); … end all
///   sessions … } swap_in(lock, data_dir / "restore", data_dir);                     // the old file stays as
///   latchkey.db.replaced
///
/// Throws `Corrupt` when the backup does not pass a full check.
void make_restore_directory(const std::filesystem::path& backup, const std::filesystem::path& directory);
void swap_in(const DataLock& lock, const std::filesystem::path& restored,
             const std::filesystem::path& directory);

}  // namespace latchkey::db
