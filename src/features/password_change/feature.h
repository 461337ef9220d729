#pragma once

#include "api/feature.h"

namespace latchkey::features::password_change {

extern const api::Feature feature;

}  // namespace latchkey::features::password_change
