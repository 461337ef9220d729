#pragma once

#include "flow/events.h"

namespace latchkey::features::passkeys::events {

/// A registration that was refused. One that succeeds is `factor_added`, as that of any factor.
extern const flow::Event passkey_refused;
extern const flow::Event passkey_renamed;

}  // namespace latchkey::features::passkeys::events
