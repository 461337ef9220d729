#pragma once

#include "api/feature.h"

namespace latchkey::features::signup {

extern const api::Feature feature;

}  // namespace latchkey::features::signup
