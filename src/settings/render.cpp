#include "settings/render.h"

#include <fmt/format.h>

#include <iterator>

#include "base/json.h"
#include "settings/knobs.h"

namespace latchkey::settings {
namespace {

/// JSON's escapes are among those of TOML's basic strings.
std::string in_quotes(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  return quoted;
}

std::string to_toml(const Knob& knob, std::string_view text) {
  switch (knob.toml) {
    case TomlType::integer:
    case TomlType::boolean:
      return std::string(text);
    case TomlType::string:
      return in_quotes(text);
    case TomlType::array:
      break;
  }
  std::string array = "[";
  for (const std::string& element : split_list(text)) {
    if (array.size() > 1) array += ", ";
    array += in_quotes(element);
  }
  return array + ']';
}

std::string config_line(const Knob& knob, const Settings& settings, const std::string& origin) {
  const std::string value = knob.read(settings);
  if (!knob.secret) return fmt::format("{} = {}  # {}\n", leaf_of(knob), to_toml(knob, value), origin);
  return fmt::format("# {} = {}  # {}\n", leaf_of(knob), value.empty() ? "(not set)" : value, origin);
}

/// `text` in lines of at most `width` characters, each behind `indent`.
std::string wrap(std::string_view text, std::string_view indent, std::size_t width) {
  std::string out(indent);
  std::size_t column = indent.size();
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (column > indent.size() && column + 1 + word.size() > width) {
      out.append("\n").append(indent);
      column = indent.size();
    }
    if (column > indent.size()) {
      out.push_back(' ');
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

constexpr std::string_view reference_head = R"(# Settings

Made from the table in `src/settings/knobs.cpp` by `latchkey config --reference`; change it there.

A setting comes from the first of these that has it:

1. a flag of `latchkey serve`: `--tokens.access_ttl 5m`
2. the environment: `LATCHKEY_TOKENS_ACCESS_TTL=5m`
3. a TOML file: `--config FILE`, or the one that `LATCHKEY_CONFIG` names, or `latchkey.toml` in the working directory

```toml
listen = "127.0.0.1:8080"

[tokens]
access_ttl = "5m"
```

A name that is not listed here, a value out of bounds, or settings that contradict one another refuse to start, with the line
or the variable. A variable that is empty counts as not set. The server leaves alone what Kubernetes or Docker set for a service that is
called `latchkey` (`LATCHKEY_SERVICE_HOST`, `LATCHKEY_PORT=tcp://…`, …). Durations are a whole number with a unit: `ms`, `s`, `m`, `h`,
`d`. Lists are arrays in the file, and separated by commas elsewhere. Relative paths are relative to the working directory. Settings
marked *secret* have no flag, since every user of a machine can read arguments; a file that holds one must be readable by its owner only
(`chmod 600`). `latchkey config` shows
what is in force and where each setting came from.
)";

/// In a table's cell a bar would end the cell.
std::string in_cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell.push_back('\\');
    cell.push_back(c);
  }
  return cell;
}

/// Angle brackets would be taken for HTML.
std::string in_prose(std::string_view text) {
  std::string prose;
  for (const char c : text) {
    if (c == '<') {
      prose += "&lt;";
    } else {
      prose.push_back(c);
    }
  }
  return in_cell(prose);
}

}  // namespace

std::string render_config(const Loaded& loaded) {
  std::string out;
  if (loaded.config_file) out += "# file: " + loaded.config_file->string() + '\n';
  std::string_view group;
  for (std::size_t i = 0; i < knobs().size(); ++i) {
    const Knob& knob = knobs()[i];
    if (group_of(knob) != group) {
      group = group_of(knob);
      out += fmt::format("\n[{}]\n", group);
    }
    out += config_line(knob, loaded.settings, loaded.origins[i]);
  }
  return out;
}

std::string render_help() {
  std::string out =
      "Settings. Each can be set in the file (see --config), in the environment (LATCHKEY_GROUP_NAME) or, "
      "unless it is secret,\nhere as a flag.\n";
  for (const Knob& knob : knobs()) {
    const std::string name =
        knob.secret ? environment_name(knob) + " (environment or file only)" : flag_name(knob) + " VALUE";
    const std::string preset = knob.default_text.empty() ? "" : fmt::format(" [{}]", knob.default_text);
    out += fmt::format("\n  {}{}\n{}\n{}\n", name, preset, wrap(knob.describe(), "      ", 100),
                       wrap(knob.meaning, "      ", 100));
  }
  return out;
}

std::string render_reference_markdown() {
  std::string out(reference_head);
  const auto end = std::back_inserter(out);
  std::string_view group = "none yet";
  for (const Knob& knob : knobs()) {
    if (group_of(knob) != group) {
      group = group_of(knob);
      fmt::format_to(end, "\n## {}\n\n| setting | default | takes | meaning |\n|---|---|---|---|\n",
                     group.empty() ? "General" : group);
    }
    const std::string preset = knob.default_text.empty() ? "–" : fmt::format("`{}`", knob.default_text);
    fmt::format_to(end, "| `{}` | {} | {}{} | {} |\n", knob.name, preset, in_prose(knob.describe()),
                   knob.secret ? " *(secret)*" : "", in_cell(knob.meaning));
  }
  return out;
}

}  // namespace latchkey::settings
