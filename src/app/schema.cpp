#include "app/cli/schema.h"

#include "base/id.h"
#include "crypto/sha256.h"
#include "store/migrations.h"

namespace latchkey::app::cli {
namespace {

std::string checksum(std::string_view text) {
  const auto digest = crypto::sha256(text);
  return to_hex(digest.data(), digest.size());
}

}  // namespace

db::Migrated migrate_schema(db::Database& database, Timestamp now) {
  return db::migrate(database, store::migration_files, checksum, now);
}

db::Migrated plan_schema(db::Database& database) {
  return db::plan_migration(database, store::migration_files, checksum);
}

}  // namespace latchkey::app::cli
