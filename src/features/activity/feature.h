#pragma once

#include "api/feature.h"

namespace latchkey::features::activity {

extern const api::Feature feature;

}  // namespace latchkey::features::activity
