#pragma once

#include "flow/events.h"

namespace latchkey::features::signup::events {

extern const flow::Event sign_up;

extern const metrics::Families counters;

}  // namespace latchkey::features::signup::events
