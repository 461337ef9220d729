#pragma once

#include "flow/events.h"

namespace latchkey::features::confirmation::events {

extern const flow::Event email_confirmed;
inline constexpr flow::Outcome repeated{"repeated"};  ///< of email_confirmed; leaves nothing in the audit
extern const flow::Event email_rejected;
inline constexpr flow::Outcome account_removed{"account_removed"};  ///< of email_rejected

extern const metrics::Families counters;

}  // namespace latchkey::features::confirmation::events
