#pragma once

#include "api/feature.h"

namespace latchkey::features::profile {

extern const api::Feature feature;

}  // namespace latchkey::features::profile
