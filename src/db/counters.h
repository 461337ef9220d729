#pragma once

#include "base/metrics.h"

namespace latchkey::db::counters {

extern metrics::Counter batches;  ///< write batches committed; each is one sync
extern metrics::Counter writes;   ///< writes that shared those batches
extern metrics::Gauge queue_length;
extern metrics::Timing batch_seconds;
extern metrics::Counter unreadable;  ///< statements that failed because a page could not be read
extern metrics::Counter reopened;    ///< times that the embedded store was opened anew after a failed sync

metrics::Families families();

}  // namespace latchkey::db::counters
