#pragma once

#include "api/feature.h"

namespace latchkey::features::not_me {

extern const api::Feature feature;

}  // namespace latchkey::features::not_me
