#pragma once

#include "api/feature.h"

namespace latchkey::features::recovery_codes {

extern const api::Feature feature;

}  // namespace latchkey::features::recovery_codes
