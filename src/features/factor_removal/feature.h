#pragma once

#include <span>

#include "api/feature.h"

namespace latchkey::features::factor_removal {

extern const std::span<const api::Endpoint> endpoints;
extern const api::Feature feature;

}  // namespace latchkey::features::factor_removal
