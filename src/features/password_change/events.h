#pragma once

#include "flow/events.h"

namespace latchkey::features::password_change::events {

/// The owner has, or has not, another password.
extern const flow::Event password_changed;
extern const flow::Event password_removed;

extern const metrics::Families counters;

}  // namespace latchkey::features::password_change::events
