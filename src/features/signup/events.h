#pragma once

#include "flow/events.h"

namespace latchkey::features::signup::events {

extern const flow::Event sign_up;
/// An operator invited an address, which the entry does not name.
extern const flow::Event invited;

extern const metrics::Families counters;

}  // namespace latchkey::features::signup::events
