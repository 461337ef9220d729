#pragma once

#include "api/feature.h"

namespace latchkey::features::passkeys {

extern const api::Feature feature;

}  // namespace latchkey::features::passkeys
