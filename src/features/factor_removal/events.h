#pragma once

#include "flow/events.h"

namespace latchkey::features::factor_removal::events {

/// Somebody who has password and mailbox says that all second factors are lost; or an administrator asks for
/// their removal, and the detail of the entry says of which.
extern const flow::Event removal_asked;
/// Somebody has stopped the removal by the link of a mail; a sign-in with a factor does so, too
/// (flow/signin/events.h).
extern const flow::Event removal_stopped;

}  // namespace latchkey::features::factor_removal::events
