#pragma once

#include <span>

#include "base/embedded_file.h"

namespace latchkey::store {

/// The files of migrations/, in the order of their numbers, from inside the program.
extern const std::span<const EmbeddedFile> migration_files;

}  // namespace latchkey::store
