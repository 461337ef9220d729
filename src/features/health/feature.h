#pragma once

#include "api/feature.h"

namespace latchkey::features::health {

extern const api::Feature feature;

}  // namespace latchkey::features::health
