#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "settings/knobs.h"

namespace latchkey::settings {

/// What a TOML file sets, in the text forms that Knob::write takes.
struct TomlFile {
  struct Entry {
    const Knob* knob;
    std::string text;
    std::string origin;  ///< `latchkey.toml:12`
  };
  std::vector<Entry> entries;
  /// Sentences: syntax, duplicates, unknown names, values of the wrong type. None quotes a value, which may
  /// be a secret.
  std::vector<std::string> problems;
};

/// `shown_path` is what the sentences call the file. toml++ stays in the .cpp.
TomlFile read_toml(std::string_view text, std::string_view shown_path);

}  // namespace latchkey::settings
