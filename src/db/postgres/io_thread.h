#pragma once

#include "db/postgres/pipe.h"
#include "db/postgres/pool.h"

namespace latchkey::db::postgres {

/// What the driver keeps for one attached thread, which alone may call: its two pipelined connections, and
/// how many transactions it has handed to the pool.
class PostgresIoThread final : public TicketHome {
 public:
  PostgresIoThread(asio::io_context& io, const PostgresOptions& options, PostgresHealth& health,
                   PostgresCounters& counters, PostgresPool& pool);

  /// Decides who runs it; throws `Unavailable` when nobody can.
  void admit(Ticket& ticket);
  /// What was admitted. Its `resume` is set.
  void start(Ticket& ticket);
  /// The thread is leaving: waits for the writes that it has asked for, so that the event loop may go.
  void close();

 private:
  void answer(TicketList tickets);
  bool run_elsewhere(Ticket& ticket);
  void give_to_pool(Ticket& ticket);
  void look_up();

  const PostgresHealth& health_;
  PostgresPool& pool_;
  PostgresPipe reads_;
  PostgresPipe writes_;
  std::uint64_t pooled_ = 0;
  bool closing_ = false;
  std::optional<PostgresHealth::Spare> spare_;
};

}  // namespace latchkey::db::postgres
