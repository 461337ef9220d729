#pragma once

namespace latchkey::db {

/// Lets SQLite take its small blocks from a few that each thread keeps, before it is initialised. A statement
/// takes some half dozen each time it runs, two for its cursors and one for each text of a row, and gives
/// them back at its end; SQLite's own answer to that is not in Debian's build. What the threads keep is
/// bounded (some 60 KiB each) and goes with them.
///
/// The result of `sqlite3_config`: too late, when somebody has used SQLite before, changes nothing.
int keep_small_sqlite_blocks();

}  // namespace latchkey::db
