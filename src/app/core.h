#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/refusal.h"
#include "base/time.h"
#include "base/token_buckets.h"
#include "crypto/breached/index.h"
#include "crypto/password/hashing_pool.h"
#include "db/data_lock.h"
#include "db/database.h"
#include "db/migrate.h"
#include "flow/keys/keys.h"
#include "flow/limits/backoff_table.h"
#include "flow/services.h"
#include "settings/load.h"
#include "settings/master_secret.h"

namespace latchkey::app {

/// The clock of a machine without a battery starts in 1970: tokens made then would be wrong for ever after.
inline constexpr Timestamp earliest_clock{std::chrono::sys_days{std::chrono::January / 1 / 2024}};

enum class Migration : std::uint8_t {
  apply,  ///< bring the schema up to date
  plan,   ///< only refuse what could not be used
};

enum class Purpose : std::uint8_t {
  server,   ///< a hashing thread per core, and a part in what is done once for all nodes
  command,  ///< one hashing thread
};

/// Opens the database of the settings and migrates. Makes the data directory (0700) when it is missing, and
/// takes it for the embedded store; with PostgreSQL `clock` follows the database's from here on. Throws
/// StartRefused, StoreInUse.
std::unique_ptr<db::Database> open_database(const Settings& settings, Clock& clock, Migration migration,
                                            Purpose purpose);

/// Every long-lived object below HTTP, a line each in the order of dependence: what `latchkey serve` and the
/// commands that open the store themselves both need. Everything is ready to use once it is made: migrated,
/// keys loaded (made, at first start); for the server also the first administrator. Throws StartRefused.
class Core {
 public:
  Core(const Settings& settings, Clock& clock, Purpose purpose);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core();

  flow::Services& services() { return services_; }
  const Clock& clock() const { return clock_; }

  /// Set once the listener is bound and before anything is served, where public_url follows the listener.
  void set_public_url(std::string url) { services_.public_url = std::move(url); }
  void set_wake_mail(std::function<void()> wake) { services_.wake_mail = std::move(wake); }

 private:
  const Settings& settings_;
  const Clock& clock_;
  std::optional<crypto::breached::Index> breached_;  ///< before anything is made
  settings::MasterSecret master_;                    ///< handed on to `keys_`
  std::optional<db::DataLock> node_lock_;  ///< of a node, whose control socket is in its data directory
  std::unique_ptr<db::Database> database_;
  flow::keys::Keys keys_;
  crypto::password::HashingPool hashing_;
  flow::limits::BackoffTable unknown_addresses_;
  flow::limits::BackoffTable repeated_refusals_;
  TokenBuckets buckets_;
  flow::Services services_;
};

}  // namespace latchkey::app
