#pragma once

// A small table for the tests of SQLite's own files and threads.

#include "store/db/fixture.h"

namespace latchkey::db::test::items {

inline constexpr const char* schema =
    "CREATE TABLE items (id BIGINT NOT NULL PRIMARY KEY, body BYTEA NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE numbers (id BIGINT NOT NULL PRIMARY KEY, value BIGINT NOT NULL) WITHOUT ROWID;"
    "INSERT INTO numbers (id, value) VALUES (1, 0)";
inline constexpr Statement<Affected, std::int64_t, Bytes> insert_item{
    "INSERT INTO items (id, body) VALUES ($1, $2)"};
inline constexpr Statement<std::optional<std::int64_t>> count_items{"SELECT count(*) FROM items"};

inline sqlite::SqliteOptions options_in(const std::filesystem::path& directory) {
  sqlite::SqliteOptions options;
  options.directory = directory;
  return options;
}

}  // namespace latchkey::db::test::items
