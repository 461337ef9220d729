#pragma once

#include "flow/events.h"

namespace latchkey::flow::links::events {

/// So many wrong codes were typed for an account that no code of it is looked at any more.
extern const Event codes_shut;

}  // namespace latchkey::flow::links::events
