#pragma once

#include "api/feature.h"

namespace latchkey::features::password {

extern const api::Feature feature;

}  // namespace latchkey::features::password
