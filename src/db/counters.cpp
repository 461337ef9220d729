#include "db/counters.h"

namespace latchkey::db::counters {

constinit metrics::Counter batches;
constinit metrics::Counter writes;
constinit metrics::Gauge queue_length;
constinit metrics::Timing batch_seconds;
constinit metrics::Counter unreadable;
constinit metrics::Counter reopened;

metrics::Families families() {
  static constexpr metrics::Family list[] = {
      {"latchkey_database_batches_total", "Write batches committed; each is one sync.", {&batches}},
      {"latchkey_database_writes_total", "Writes that shared those batches.", {&writes}},
      {"latchkey_database_queue_length", "Writes waiting for the writer.", {&queue_length}},
      {"latchkey_database_batch_seconds", "Time of one write batch, sync included.", {&batch_seconds}},
      {"latchkey_database_unreadable_total",
       "Statements that failed because the disk did not give a page back, or gave a wrong one.",
       {&unreadable}},
      {"latchkey_database_reopened_total",
       "Times that the embedded store was closed, checked and opened anew after a failed sync.",
       {&reopened}},
  };
  return list;
}

}  // namespace latchkey::db::counters
