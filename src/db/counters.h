#pragma once

#include "base/metrics.h"

namespace latchkey::db::counters {

extern metrics::Counter batches;  ///< write batches committed; each is one sync
extern metrics::Counter writes;   ///< writes that shared those batches
extern metrics::Gauge queue_length;
extern metrics::Timing batch_seconds;

metrics::Families families();

}  // namespace latchkey::db::counters
