#pragma once

#include "api/feature.h"

namespace latchkey::features::sudo {

extern const api::Feature feature;

}  // namespace latchkey::features::sudo
