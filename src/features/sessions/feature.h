#pragma once

#include "api/feature.h"

namespace latchkey::features::sessions {

extern const api::Feature feature;

}  // namespace latchkey::features::sessions
