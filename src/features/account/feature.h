#pragma once

#include "api/feature.h"

namespace latchkey::features::account {

extern const api::Feature feature;

}  // namespace latchkey::features::account
