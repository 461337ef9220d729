#include "app/schema.h"

#include "crypto/sha256.h"
#include "store/migrations.h"

namespace latchkey::app {

db::Migrated migrate_schema(db::Database& database, Timestamp now) {
  return db::migrate(database, store::migration_files, crypto::sha256_hex, now);
}

db::Migrated plan_schema(db::Database& database) {
  return db::plan_migration(database, store::migration_files, crypto::sha256_hex);
}

std::vector<std::string> schema_scripts() { return db::schema_scripts(store::migration_files); }

}  // namespace latchkey::app
