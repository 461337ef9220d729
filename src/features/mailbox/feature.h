#pragma once

#include "api/feature.h"

namespace latchkey::features::mailbox {

extern const api::Feature feature;

}  // namespace latchkey::features::mailbox
