#pragma once

#include <sqlite3.h>

namespace latchkey::db::sqlite {

/// Memory for SQLite, to be set before it is initialised (SQLITE_CONFIG_MALLOC): small blocks come from a few
/// that each thread keeps. A statement takes some half dozen each time it runs, two for its cursors and one
/// for each text of a row, and gives them back at its end; SQLite's own answer to that is not in Debian's
/// build. What the threads keep is bounded (73 KiB each) and goes with them. A block may be given back by
/// another thread.
const sqlite3_mem_methods& small_block_methods();

}  // namespace latchkey::db::sqlite
