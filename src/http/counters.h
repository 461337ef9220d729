#pragma once

#include "base/metrics.h"

namespace latchkey::http::counters {

extern metrics::Gauge connections_open;
extern metrics::Counter connections_accepted;
extern metrics::Counter connections_refused;
extern metrics::Counter connections_given_up;
extern metrics::Counter refusals_delayed;
extern metrics::Counter database_unavailable;
extern metrics::Counter unreadable_rows;  ///< requests that met a row that no program of ours writes

/// These, and what the routes have answered (http/route_counts.h).
metrics::Families families();

}  // namespace latchkey::http::counters
