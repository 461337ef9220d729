#pragma once

#include "flow/events.h"

namespace latchkey::features::mail_code::events {

/// A mail with a code was asked for and is on its way. What gets none leaves nothing.
extern const flow::Event code_asked;

extern const metrics::Families counters;

}  // namespace latchkey::features::mail_code::events
