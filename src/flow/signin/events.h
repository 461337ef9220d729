#pragma once

#include "base/metrics.h"

namespace latchkey::flow::signin {

extern metrics::Counter ok;
extern metrics::Counter invalid;
extern metrics::Counter unconfirmed;
extern metrics::Counter blocked;
extern metrics::Counter limited;
extern metrics::Counter overloaded;

metrics::Families families();

}  // namespace latchkey::flow::signin
