#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/time.h"
#include "crypto/hashing_pool.h"
#include "db/database.h"
#include "db/migrate.h"
#include "flow/backoff_table.h"
#include "flow/keys.h"
#include "flow/services.h"
#include "settings/load.h"
#include "settings/master_secret.h"

namespace latchkey::app {

/// The start is refused; the sentences are for the operator, on standard error.
class StartRefused : public std::runtime_error {
 public:
  explicit StartRefused(std::vector<std::string> sentences);
  const std::vector<std::string>& sentences() const { return sentences_; }

 private:
  std::vector<std::string> sentences_;
};

/// Another process has the data directory; it may let go of it soon.
class StoreInUse : public StartRefused {
 public:
  using StartRefused::StartRefused;
};

enum class Migration : std::uint8_t {
  apply,  ///< bring the schema up to date
  plan,   ///< only refuse what could not be used
};

/// Opens the database of the settings, takes its data directory, and migrates. Makes the directory (0700)
/// when it is missing. Throws StartRefused, StoreInUse.
std::unique_ptr<db::Database> open_database(const Settings& settings, const Clock& clock,
                                            Migration migration);

enum class Purpose : std::uint8_t {
  server,   ///< a hashing thread per core
  command,  ///< one hashing thread
};

/// Every long-lived object below HTTP, a line each in the order of dependence: what `latchkey serve` and the
/// commands that open the store themselves both need. Everything is ready to use once it is made: migrated,
/// keys loaded (made, at first start); for the server also the first administrator. Throws StartRefused.
class Core {
 public:
  Core(const Settings& settings, const Clock& clock, Purpose purpose);
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
  settings::MasterSecret master_;  ///< handed on to `keys_`
  std::unique_ptr<db::Database> database_;
  flow::Keys keys_;
  crypto::HashingPool hashing_;
  flow::BackoffTable strangers_;
  flow::BackoffTable repeated_refusals_;
  flow::Services services_;
};

}  // namespace latchkey::app
