#include "features/passkeys/feature.h"

#include "features/passkeys/routes.h"

namespace latchkey::features::passkeys {

const api::Feature feature{.name = "passkeys", .endpoints = endpoints};

}  // namespace latchkey::features::passkeys
