#pragma once

#include "flow/events.h"

namespace latchkey::flow::signin::events {

/// A client proves who its user is, by one proof or another; and what came of it.
extern const Event sign_in;

metrics::Families families();

}  // namespace latchkey::flow::signin::events
