#pragma once

#include "api/feature.h"

namespace latchkey::features::welcome {

extern const api::Feature feature;

}  // namespace latchkey::features::welcome
