#pragma once

#include "base/metrics.h"

namespace latchkey::features::confirmation {

extern metrics::Counter confirmation_ok;
extern metrics::Counter confirmation_repeated;
extern metrics::Counter confirmation_refused;

extern const metrics::Families counters;

}  // namespace latchkey::features::confirmation
