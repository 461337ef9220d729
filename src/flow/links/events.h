#pragma once

#include "flow/events.h"

namespace latchkey::flow::links::events {

/// So many wrong codes were typed for an account that no code of it is looked at any more.
extern const Event codes_shut;
/// A code was typed for an account and was wrong.
extern const Event code_tried;

}  // namespace latchkey::flow::links::events
