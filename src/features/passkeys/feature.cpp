#include "features/passkeys/feature.h"

#include "features/passkeys/pages.h"
#include "features/passkeys/routes.h"

namespace latchkey::features::passkeys {

const api::Feature feature{
    .name = "passkeys", .endpoints = endpoints, .browser_endpoints = browser_endpoints, .pages = pages};

}  // namespace latchkey::features::passkeys
