#pragma once

#include <span>

#include "api/feature.h"

namespace latchkey::features::totp {

extern const std::span<const api::Endpoint> endpoints;
extern const api::Feature feature;

}  // namespace latchkey::features::totp
