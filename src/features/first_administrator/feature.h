#pragma once

#include "api/feature.h"

namespace latchkey::features::first_administrator {

extern const api::Feature feature;

}  // namespace latchkey::features::first_administrator
