#pragma once

#include "base/metrics.h"

namespace latchkey::flow::sessions::counters {

extern metrics::Counter opened;
extern metrics::Counter ended_logout;
extern metrics::Counter ended_reuse;
extern metrics::Counter ended_admin;
extern metrics::Counter ended_password;
extern metrics::Counter ended_address;
extern metrics::Counter ended_owner;  ///< who took the account back
extern metrics::Counter ended_limit;
extern metrics::Counter access_token_refused;
extern metrics::Counter access_token_recognized;  ///< by the key that made it
extern metrics::Counter access_token_cached;      ///< seen lately by the same thread
extern metrics::Counter access_token_verified;

metrics::Families families();

}  // namespace latchkey::flow::sessions::counters
