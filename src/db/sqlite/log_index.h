#pragma once

#include <filesystem>

namespace latchkey::db::sqlite {

/// Makes SQLite copy all of the log into the database once more, where some of it had been copied already.
/// For who opens a database anew after a sync that failed, before the first statement: reads go to the log at
/// once.
///
/// SQLite's index of the log counts how many pages have been copied, also those that no sync has followed yet
/// (only the copy of the last page is synced). After a sync that failed, some of these may be lost, and a
/// copy that goes on behind them leaves them lost. While anybody has the database open, the index outlives
/// the connection that failed. The place of that number: https://sqlite.org/walformat.html §2.1.
///
/// Where nobody has the database open there is nothing to do: SQLite makes a new index from the log. Throws
/// what `check_sqlite` throws; `Unavailable` while another connection is copying.
void forget_what_was_copied(const std::filesystem::path& file);

}  // namespace latchkey::db::sqlite
