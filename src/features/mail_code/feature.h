#pragma once

#include "api/feature.h"

namespace latchkey::features::mail_code {

extern const api::Feature feature;

extern const std::span<const api::Endpoint> endpoints;  ///< routes.cpp

}  // namespace latchkey::features::mail_code
