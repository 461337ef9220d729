#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "db/value.h"

namespace latchkey::db {

struct Column {
  std::string_view name;
  Type type;
};

/// One table as plain columns, for what treats all tables alike: `latchkey move`. The kernel's stand in
/// store/tables.h, those of a capability in its folder. A test compares them with the schema that the
/// migrations make, and so does each move before it begins.
struct Table {
  std::string_view name;
  std::span<const Column> columns;  ///< the first is the primary key
  std::string_view parent = {};     ///< the table that the second column refers to, by its primary key
  /// The database gives the ids, and never the same again.
  enum class Ids : std::uint8_t { brought, given } ids = Ids::brought;
  /// Who makes the rows: a migration alone, or the program.
  enum class Rows : std::uint8_t { written, seeded } rows = Rows::written;
};

/// Tables, parents before their children.
using Tables = std::span<const Table>;

}  // namespace latchkey::db
