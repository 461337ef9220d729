#include "db/counters.h"

namespace latchkey::db::counters {

constinit metrics::Counter batches;
constinit metrics::Counter writes;
constinit metrics::Gauge queue_length;
constinit metrics::Timing batch_seconds;

metrics::Families families() {
  static constexpr metrics::Family list[] = {
      {"latchkey_database_batches_total", "Write batches committed; each is one sync.", {&batches}},
      {"latchkey_database_writes_total", "Writes that shared those batches.", {&writes}},
      {"latchkey_database_queue_length", "Writes waiting for the writer.", {&queue_length}},
      {"latchkey_database_batch_seconds", "Time of one write batch, sync included.", {&batch_seconds}},
  };
  return list;
}

}  // namespace latchkey::db::counters
