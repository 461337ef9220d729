#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "db/database.h"
#include "db/migrate.h"

namespace latchkey::app {

/// db::migrate and db::plan_migration with the migrations inside this program.
db::Migrated migrate_schema(db::Database& database, Timestamp now);
db::Migrated plan_schema(db::Database& database);

/// db::schema_scripts of them.
std::vector<std::string> schema_scripts();

}  // namespace latchkey::app
