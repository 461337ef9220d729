#include "app/core.h"

#include <bit>

#include "app/data_directory.h"
#include "app/moved_store.h"
#include "app/schema.h"
#include "app/until_free.h"
#include "base/log.h"
#include "crypto/random.h"
#include "db/error.h"
#include "db/postgres/driver.h"
#include "db/sqlite/driver.h"
#include "flow/accounts/first_start.h"
#include "flow/keys/rotation.h"
#include "settings/master_secret.h"

namespace latchkey::app {
namespace {

/// A command needs it as well: `user add` sets a password.
std::optional<crypto::breached::Index> open_breached(const Settings& settings) {
  if (settings.password.breached_file.empty()) return std::nullopt;
  try {
    return std::make_optional<crypto::breached::Index>(settings.password.breached_file);
  } catch (const crypto::breached::Unusable& error) {
    throw StartRefused(std::string("password.breached_file: ") + error.what());
  }
}

const crypto::breached::Index* pointer_to(const std::optional<crypto::breached::Index>& index) {
  return index.has_value() ? &*index : nullptr;
}

/// Before the database: a data directory with a database and no secret is one whose secret was lost. And
/// before anything is made: settings that can not make the first administrator.
settings::MasterSecret load_master(const Settings& settings, const crypto::breached::Index* breached,
                                   Purpose purpose) {
  if (purpose == Purpose::server && settings.is_embedded() && !has_store(settings.data_dir)) {
    if (auto problem = flow::accounts::check_administrator(settings, breached))
      throw StartRefused(std::move(*problem));
  }
  make_data_directory(settings.data_dir);
  if (settings.is_embedded()) refuse_lost_store(settings.data_dir);
  auto master = settings::load_master_secret(settings);
  if (master.has_error()) throw StartRefused(master.error().sentences);
  return std::move(*master);
}

TokenBuckets::Secret bucket_secret() {
  const auto bytes = crypto::random_array<sizeof(TokenBuckets::Secret)>();
  return std::bit_cast<TokenBuckets::Secret>(bytes);
}

std::vector<Secret> previous_secrets(settings::MasterSecret& master) {
  std::vector<Secret> previous;
  if (master.previous.has_value()) previous.push_back(std::move(*master.previous));
  return previous;
}

crypto::password::HashingPool::Options hashing_options(const Settings& settings, Purpose purpose) {
  const auto& password = settings.password;
  const bool server = purpose == Purpose::server;
  return {.parameters = {.memory_kib = static_cast<std::uint32_t>(password.argon2_memory_kib),
                         .passes = static_cast<std::uint32_t>(password.argon2_passes)},
          .threads = server ? static_cast<std::size_t>(password.hash_threads) : 1,
          .queue_limit = static_cast<std::size_t>(password.hash_queue)};
}

/// A server waits for a command that is at work on the store. (Another server is not going to leave.) A
/// command asks the server that may have come instead.
template <class Take>
auto take_when_free(Purpose purpose, Take take) {
  const auto patience = std::chrono::seconds(purpose == Purpose::server ? 3 : 0);
  return until_free<StoreInUse>(patience, take);
}

/// Of a server that shares its database with others; the embedded store takes the directory itself.
std::optional<db::DataLock> lock_node(const Settings& settings, Purpose purpose) {
  if (settings.is_embedded() || purpose != Purpose::server) return std::nullopt;
  return take_when_free(purpose, [&]() -> std::optional<db::DataLock> {
    try {
      return db::DataLock(settings.data_dir);
    } catch (const db::InUse& fault) {
      throw StoreInUse(fault.what());
    } catch (const db::Fault& fault) {
      throw StartRefused(fault.what());
    }
  });
}

std::unique_ptr<db::Driver> open_driver(const Settings& settings, Clock& clock, Purpose purpose) {
  if (settings.is_embedded()) return db::sqlite::open_sqlite({.directory = settings.data_dir});
  const bool server = purpose == Purpose::server;
  db::postgres::PostgresOptions options;
  options.url = settings.database_url.copy();
  options.role = server ? db::postgres::PostgresRole::node : db::postgres::PostgresRole::visitor;
  options.transaction_connections = server ? static_cast<std::size_t>(settings.database.connections) : 1;
  options.statement_timeout =
      std::chrono::ceil<std::chrono::milliseconds>(settings.database.statement_timeout);
  options.clock = &clock;
  return db::postgres::open_postgres(std::move(options));
}

void refuse_absurd_clock(Timestamp now) {
  if (now < earliest_clock)
    throw StartRefused("the clock says " + format_rfc3339(now) + ": set it before starting");
}

}  // namespace

std::unique_ptr<db::Database> open_database(const Settings& settings, Clock& clock, Migration migration,
                                            Purpose purpose) {
  try {
    make_data_directory(settings.data_dir);
    if (settings.is_embedded()) refuse_lost_store(settings.data_dir);
    auto database = std::make_unique<db::Database>(open_driver(settings, clock, purpose));
    if (migration == Migration::apply) {
      const auto done = migrate_schema(*database, clock.now());
      if (done.from != done.to) log::info("store.migrated", {{"from", done.from}, {"to", done.to}});
      if (settings.is_embedded()) note_store_made(settings.data_dir);
      settle_earlier_move(*database, settings);
    } else if (const auto plan = plan_schema(*database); plan.from == plan.to) {
      settle_earlier_move(*database, settings);
    }
    return database;
  } catch (const db::InUse& fault) {
    throw StoreInUse(fault.what());
  } catch (const db::Fault& fault) {
    throw StartRefused(fault.what());
  } catch (const Unavailable& fault) {
    throw StartRefused(fault.what());
  }
}

Core::Core(const Settings& settings, Clock& clock, Purpose purpose)
    : settings_(settings),
      clock_(clock),
      breached_(open_breached(settings)),
      master_(load_master(settings, pointer_to(breached_), purpose)),
      node_lock_(lock_node(settings, purpose)),
      database_(
          take_when_free(purpose, [&] { return open_database(settings, clock, Migration::apply, purpose); })),
      keys_(*database_, std::move(master_.current), previous_secrets(master_)),
      hashing_(hashing_options(settings, purpose)),
      buckets_(bucket_secret()),
      services_{.database = *database_,
                .hashing = hashing_,
                .keys = keys_,
                .unknown_addresses = unknown_addresses_,
                .repeated_refusals = repeated_refusals_,
                .buckets = buckets_,
                .settings = settings_,
                .breached = pointer_to(breached_),
                .public_url = settings.public_url,
                .wake_mail = [] {}} {
  const Timestamp now = clock_.now();
  refuse_absurd_clock(now);
  const flow::Origin origin = flow::system_origin(now);
  try {
    keys_.reload();
  } catch (const std::runtime_error& error) {
    throw StartRefused(error.what());
  }
  flow::keys::rotate_keys(*database_, keys_, settings_, origin, flow::keys::RotationCause::schedule);
  // What the server refuses here is mended by commands, which must work then.
  if (purpose == Purpose::command) return;
  if (auto problem = flow::accounts::ensure_administrator(services_, origin))
    throw StartRefused(std::move(*problem));
  if (auto problem = flow::accounts::ensure_unique_usernames(services_))
    throw StartRefused(std::move(*problem));
}

Core::~Core() = default;

}  // namespace latchkey::app
