#pragma once

#include "api/feature.h"

namespace latchkey::features::pages {

extern const api::Feature feature;

}  // namespace latchkey::features::pages
