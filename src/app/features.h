#pragma once

#include "api/feature.h"

namespace latchkey::app {

/// What this program can do, in the order of the documentation. A capability is taken away with its folder
/// under features/ and its line in features.cpp.
api::Features features();

}  // namespace latchkey::app
