#pragma once

#include "base/time.h"
#include "db/database.h"
#include "db/migrate.h"

namespace latchkey::app {

/// db::migrate and db::plan_migration with the migrations inside this program.
db::Migrated migrate_schema(db::Database& database, Timestamp now);
db::Migrated plan_schema(db::Database& database);

}  // namespace latchkey::app
