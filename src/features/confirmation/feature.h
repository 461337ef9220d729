#pragma once

#include "api/feature.h"

namespace latchkey::features::confirmation {

extern const api::Feature feature;

}  // namespace latchkey::features::confirmation
