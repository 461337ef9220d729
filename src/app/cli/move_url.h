#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "db/side.h"
#include "settings/settings.h"

namespace latchkey::app::cli {

/// A store as `latchkey move` is told of it.
struct StoreUrl {
  db::Dialect dialect = db::Dialect::sqlite;
  std::filesystem::path directory;  ///< SQLite's data directory, absolute
  Secret url;                       ///< PostgreSQL's, as libpq takes it
  std::string name;                 ///< for messages: without a password
};

/// Reads `sqlite:DIRECTORY` and `postgresql://…`. What the environment says of passwords (PGPASSWORD,
/// PGPASSFILE) goes into the URL, since it may be used by another process. Throws std::runtime_error that
/// does not hold the text.
StoreUrl parse_store_url(std::string_view text);

/// The store of the settings.
StoreUrl store_of(const Settings& settings);

/// Whether everybody who can list processes would see a password, were this an argument.
bool holds_password(std::string_view url);

/// The text that `parse_store_url` reads.
Secret to_text(const StoreUrl& url);

}  // namespace latchkey::app::cli
