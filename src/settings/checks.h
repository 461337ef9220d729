#pragma once

#include <string>
#include <vector>

#include "settings/load.h"

namespace latchkey::settings {

/// What single values can not show: settings that contradict one another (added to `problems`) and those that
/// are allowed but unwise (to `loaded.warnings`). Brings `admin.email` into its stored form.
void check_together(Loaded& loaded, std::vector<std::string>& problems);

}  // namespace latchkey::settings
