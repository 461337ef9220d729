#pragma once

#include "base/metrics.h"

namespace latchkey::mail::counters {

extern metrics::Counter queued;
extern metrics::Counter sent;
extern metrics::Counter retried;
extern metrics::Counter put_aside;
extern metrics::Counter dropped;   ///< with the account that they were for
extern metrics::Counter withheld;  ///< too soon after another to the same address
extern metrics::Gauge outbox_length;
extern metrics::Timing delivery_seconds;

metrics::Families families();

}  // namespace latchkey::mail::counters
