#pragma once

#include "flow/events.h"

namespace latchkey::features::email_change::events {

/// The owner asked for another address.
extern const flow::Event change_asked;
/// A link or a code was shown; and what came of it.
extern const flow::Event email_changed;
/// The owner of the old address has taken it back.
extern const flow::Event email_undone;

extern const metrics::Families counters;

}  // namespace latchkey::features::email_change::events
