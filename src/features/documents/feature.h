#pragma once

#include "api/feature.h"

namespace latchkey::features::documents {

extern const api::Feature feature;

}  // namespace latchkey::features::documents
