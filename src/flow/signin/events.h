#pragma once

#include "flow/events.h"

namespace latchkey::flow::signin::events {

/// Whoever proves who they are, by whichever proof, and what came of it.
extern const Event sign_in;

metrics::Families families();

}  // namespace latchkey::flow::signin::events
