#include "app/cli/move_url.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "db/postgres/url.h"

namespace latchkey::app::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view sqlite_scheme = "sqlite:";

std::string_view environment(const char* name) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): the command has one thread
  return text == nullptr ? "" : text;
}

bool is_postgres(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

/// RFC 3986 §2.1.
std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return encoded;
}

/// The URL with a parameter, if it does not say that itself.
Secret with(const Secret& url, std::string_view name, std::string_view value) {
  if (value.empty()) return url.copy();
  std::string encoded = percent_encode(value);
  Secret longer = db::postgres::with_parameters(url, std::array{std::pair(name, std::string_view(encoded))});
  wipe(encoded);
  return longer;
}

StoreUrl parse_sqlite(std::string_view text) {
  std::string_view path = text.substr(sqlite_scheme.size());
  if (path.starts_with("//")) path.remove_prefix(2);
  if (path.empty()) throw std::runtime_error("sqlite: must be followed by the path of a data directory");
  StoreUrl store;
  store.directory = fs::absolute(fs::path(path)).lexically_normal();
  if (!store.directory.has_filename()) store.directory = store.directory.parent_path();
  store.name = "sqlite:" + store.directory.string();
  return store;
}

StoreUrl parse_postgres(std::string_view text) {
  StoreUrl store;
  store.dialect = db::Dialect::postgres;
  store.url = Secret(text);
  if (!holds_password(text)) store.url = with(store.url, "password", environment("PGPASSWORD"));
  store.url = with(store.url, "passfile", environment("PGPASSFILE"));
  try {
    store.name = db::describe_postgres(store.url);
  } catch (const std::exception& error) {
    throw std::runtime_error(std::string("this PostgreSQL URL cannot be used: ") + error.what());
  }
  return store;
}

}  // namespace

bool holds_password(std::string_view url) { return is_postgres(url) && db::postgres::holds_password(url); }

StoreUrl parse_store_url(std::string_view text) {
  if (text.starts_with(sqlite_scheme)) return parse_sqlite(text);
  if (is_postgres(text)) return parse_postgres(text);
  throw std::runtime_error("a store is written as sqlite:DIRECTORY or postgresql://USER@HOST:PORT/DATABASE");
}

StoreUrl store_of(const Settings& settings) {
  if (!settings.is_embedded()) return parse_postgres(settings.database_url.text());
  return parse_sqlite("sqlite:" + fs::absolute(settings.data_dir).string());
}

Secret to_text(const StoreUrl& url) {
  return url.dialect == db::Dialect::postgres ? url.url.copy() : Secret("sqlite:" + url.directory.string());
}

}  // namespace latchkey::app::cli
