#pragma once

#include "api/feature.h"

namespace latchkey::features::administration {

extern const api::Feature feature;

}  // namespace latchkey::features::administration
