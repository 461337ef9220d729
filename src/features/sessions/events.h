#pragma once

#include "base/metrics.h"

namespace latchkey::features::sessions {

extern metrics::Counter refresh_rotated;
extern metrics::Counter refresh_repeated;  ///< a retry within the grace
extern metrics::Counter refresh_reused;
extern metrics::Counter refresh_refused;

extern const metrics::Families counters;

}  // namespace latchkey::features::sessions
