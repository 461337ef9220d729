#pragma once

#include <span>
#include <string_view>

namespace latchkey {

/// A file that the build put into the program (migrations, templates). `path` is relative to its root folder.
struct EmbeddedFile {
  std::string_view path;
  std::string_view body;
};

}  // namespace latchkey
