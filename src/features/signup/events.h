#pragma once

#include "base/metrics.h"

namespace latchkey::features::signup {

extern metrics::Counter sign_up_created;
extern metrics::Counter sign_up_exists;
extern metrics::Counter sign_up_refused;

extern const metrics::Families counters;

}  // namespace latchkey::features::signup
