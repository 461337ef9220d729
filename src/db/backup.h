#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "db/data_lock.h"
#include "db/database.h"

namespace latchkey::db {

/// Writes a copy of the whole database, as it stands at one moment, to a new file with mode 0600, synced
/// before this returns, while the server goes on reading and writing. Either the file is complete or there is
/// none. Blocks for as long as the disk needs: call it on a thread of its own. Throws `Fault` when `file`
/// exists or can not be written, and `Unavailable` when it is asked to stop.
void backup(Database& database, const std::filesystem::path& file, std::stop_token stop = {});

/// Reads everything and says what is wrong, one sentence each; empty when nothing is. Blocks. Throws
/// `Unavailable` when it is asked to stop.
std::vector<std::string> check_integrity(Database& database, std::stop_token stop = {});

/// Restoring is done beside the running files, so that a kill at any moment leaves the old database or the
/// new one; or none, and the old one under its new name with its log, where that log could not be copied back
/// (a damaged file, a disk that fails):
///
///   DataLock lock(data_dir);
///   make_restore_directory(backup, data_dir / "restore", scripts);  // a verified copy, restore/latchkey.db
///   { Database restored(sqlite::open_sqlite({.directory = data_dir / "restore"})); … end all sessions … }
///   swap_in(lock, data_dir / "restore", data_dir);         // the old file stays, as latchkey.db.replaced
///
/// The copy has exactly the schema of one of our versions (`schema_scripts` of db/migrate.h); what a move or
/// ANALYZE has left is dropped from it. Throws `Corrupt` when the backup has another schema or does not pass
/// a full check, and `Unavailable` when it is asked to stop.
void make_restore_directory(const std::filesystem::path& backup, const std::filesystem::path& directory,
                            std::span<const std::string> schema_scripts, std::stop_token stop = {});
void swap_in(const DataLock& lock, const std::filesystem::path& restored,
             const std::filesystem::path& directory);

/// The file that the newest `swap_in` has kept: `latchkey.db.replaced`, or `latchkey.db.replaced-2` and so on
/// where earlier ones are still there. A restore never removes what another one has kept.
std::optional<std::filesystem::path> newest_replaced(const std::filesystem::path& directory);

}  // namespace latchkey::db
