#pragma once

#include "base/metrics.h"

namespace latchkey::crypto::password::counters {

extern metrics::Counter hashed;
extern metrics::Counter refused;  ///< because the queue was full
extern metrics::Gauge queue_length;
extern metrics::Timing hash_seconds;

metrics::Families families();

}  // namespace latchkey::crypto::password::counters
