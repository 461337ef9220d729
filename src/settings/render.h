#pragma once

#include <string>

#include "settings/load.h"

namespace latchkey::settings {

/// `latchkey config`: a TOML file of the settings in force, each line with where it came from; secrets show
/// as `(set)` in a comment, so that the output can be kept as a file.
std::string render_config(const Loaded& loaded);

/// The settings part of `latchkey serve --help`.
std::string render_help();

/// docs/reference/settings.md, all of it.
std::string render_reference_markdown();

}  // namespace latchkey::settings
