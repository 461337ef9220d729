#pragma once

#include "flow/events.h"

namespace latchkey::features::sessions::events {

extern const flow::Event logout;
extern const flow::Event logout_all;
extern const flow::Event session_ended;
extern const flow::Event refresh_reuse;
inline constexpr flow::Outcome ended{"session_ended"};  ///< of refresh_reuse

// Refreshes that leave nothing in the audit: numbers alone, since this path is the busiest of all.
extern metrics::Counter rotated;
extern metrics::Counter repeated;  ///< a retry within the grace
extern metrics::Counter refused;
extern metrics::Counter limited;  ///< too many of one session in a moment

extern const metrics::Families counters;

}  // namespace latchkey::features::sessions::events
