#pragma once

#include "flow/events.h"

namespace latchkey::features::recovery::events {

/// A mail was asked for and is on its way. What gets none leaves nothing.
extern const flow::Event reset_asked;
/// A client showed a link or a code; and what came of it.
extern const flow::Event password_reset;

extern const metrics::Families counters;

}  // namespace latchkey::features::recovery::events
