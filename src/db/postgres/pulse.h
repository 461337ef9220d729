#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "base/periodic.h"
#include "db/postgres/connection.h"
#include "db/postgres/health.h"

namespace latchkey::db::postgres {

/// A connection of its own with a thread that asks the database for the time, four times a second: so that
/// this node's clock follows it, and that a database which is gone is noticed while nobody asks for anything.
/// It also holds the lead, an advisory lock that the server drops with the connection.
class PostgresPulse {
 public:
  /// Asks once before it returns; throws what that throws.
  PostgresPulse(const PostgresOptions& options, PostgresHealth& health);

  /// Any thread.
  bool leads() const;
  /// Nothing when the last answer is fresh, and told the time well enough.
  std::optional<std::string> trouble() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void look();
  void beat();
  void measure_clock();
  void try_to_lead();

  const PostgresOptions& options_;
  PostgresHealth& all_;
  PostgresOptions own_options_;  ///< with less patience
  PostgresHealth::Member health_;
  PostgresConnection connection_;
  PostgresBackoff backoff_;
  std::uint64_t era_ = 0;  ///< of the connection
  bool connecting_ = false;
  std::optional<Timestamp> boot_;   ///< when this machine was started, by the database's clock
  Microseconds machine_is_off_{0};  ///< as last logged
  std::atomic<SteadyTime> answered_at_{SteadyTime{}};
  std::atomic<bool> leads_{false};
  Periodic thread_;
};

}  // namespace latchkey::db::postgres
