#include "settings/load.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <system_error>

#include "base/unicode.h"
#include "settings/checks.h"
#include "settings/container_variables.h"
#include "settings/knobs.h"
#include "settings/private_file.h"
#include "settings/sentence.h"
#include "settings/toml_file.h"

namespace latchkey::settings {
namespace {

constexpr std::string_view prefix = "LATCHKEY_";
constexpr std::string_view config_variable = "LATCHKEY_CONFIG";
/// Variables of ours that are no settings: where the file is, what `latchkey move` takes, and what tests and
/// their scripts use.
constexpr std::array other_variables{config_variable,
                                     std::string_view{"LATCHKEY_VECTORS"},
                                     std::string_view{"LATCHKEY_MOVE_FROM"},
                                     std::string_view{"LATCHKEY_MOVE_TO"},
#ifdef LATCHKEY_TEST_HOOKS
                                     std::string_view{"LATCHKEY_TEST_CLOCK_FILE"},
                                     std::string_view{"LATCHKEY_TEST_DISK"},
                                     std::string_view{"LATCHKEY_TEST_POINTS"},
#endif
                                     std::string_view{"LATCHKEY_BIN"}};

class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources) {
    loaded_.origins.assign(knobs().size(), "default");
  }

  boost::system::result<Loaded, Problems> run() {
    read_file();
    read_environment();
    read_flags();
    // Contradictions are only worth telling between values that are right by themselves.
    if (problems_.empty()) check_together(loaded_, problems_);
    if (!problems_.empty()) return Problems{std::move(problems_)};
    return std::move(loaded_);
  }

 private:
  std::optional<std::filesystem::path> find_config_file() const {
    if (sources_.config_file) return sources_.config_file;
    for (const auto& [name, value] : sources_.environment) {
      if (name == config_variable && !value.empty()) return value;
    }
    const std::filesystem::path here = "latchkey.toml";
    // One that can not be looked for, since this user may not enter the working directory, is not there.
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(here, error))) return here;
    return std::nullopt;
  }

  void read_file() {
    loaded_.config_file = find_config_file();
    if (!loaded_.config_file) return;
    auto file = read_private_file(*loaded_.config_file);
    if (!file) {
      problems_.push_back(file.error().sentences.front());
      return;
    }
    const std::string shown = loaded_.config_file->string();
    TomlFile toml = read_toml(file->text, shown);
    wipe(file->text);
    std::ranges::move(toml.problems, std::back_inserter(problems_));
    for (TomlFile::Entry& entry : toml.entries) {
      apply(*entry.knob, entry.text, entry.origin);
      if (!entry.knob->secret) continue;
      wipe(entry.text);
      if (file->exposure) {
        problems_.push_back(fmt::format("{} holds {}, but {}", shown, entry.knob->name, *file->exposure));
        file->exposure.reset();  // once is enough
      }
    }
  }

  void read_environment() {
    for (const auto& [name, value] : sources_.environment) {
      if (!name.starts_with(prefix) || std::ranges::find(other_variables, name) != other_variables.end())
        continue;
      const std::string origin = "environment " + name;
      if (const auto knob = std::ranges::find(knobs(), name, environment_name); knob != knobs().end()) {
        if (!value.empty()) apply(*knob, value, origin);
      } else if (is_container_variable(name, value)) {
        loaded_.left_alone.push_back(name);
      } else {
        problems_.push_back(origin + ": unknown setting" + suggest_variable(name));
      }
    }
  }

  void read_flags() {
    for (const auto& [name, value] : sources_.flags) {
      const std::string origin = "flag --" + name;
      const Knob* knob = find_knob(name);
      if (knob == nullptr) {
        const std::string_view near = suggest_knob(name);
        problems_.push_back(origin + ": unknown setting" +
                            (near.empty() ? "" : fmt::format("; did you mean --{}?", near)));
      } else if (knob->secret) {
        problems_.push_back(
            fmt::format("{}: secrets have no flag, because every user of this machine can read arguments; "
                        "use the file or {}",
                        origin, environment_name(*knob)));
      } else {
        apply(*knob, value, origin);
      }
    }
  }

  static std::string suggest_variable(std::string_view name) {
    const std::string wanted = to_lower_ascii(name.substr(prefix.size()));
    for (std::size_t at = wanted.find('_');; at = wanted.find('_', at + 1)) {
      // Where the group ends is not to be seen in a variable: try every underscore, and none.
      std::string candidate = wanted;
      if (at != std::string::npos) candidate[at] = '.';
      const std::string_view near = suggest_knob(candidate);
      if (!near.empty()) return fmt::format("; did you mean {}?", environment_name(*find_knob(near)));
      if (at == std::string::npos) return "";
    }
  }

  void apply(const Knob& knob, std::string_view text, const std::string& origin) {
    std::optional<Complaint> complaint =
        is_valid_utf8(text) ? knob.write(loaded_.settings, text) : Complaint("must be valid UTF-8");
    if (complaint) {
      const std::string value = knob.secret ? "" : ", not " + quote(text);
      problems_.push_back(fmt::format("{}: {} {}{}", origin, knob.name, *complaint, value));
    }
    loaded_.origins[static_cast<std::size_t>(&knob - knobs().data())] = origin;
  }

  const Sources& sources_;
  Loaded loaded_;
  std::vector<std::string> problems_;
};

}  // namespace

boost::system::result<Loaded, Problems> load(const Sources& sources) { return Loader(sources).run(); }

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || !text.starts_with(prefix)) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

void throw_exception_from_error(const Problems& problems, const boost::source_location& where) {
  throw std::logic_error("settings that were refused were used: " +
                         (problems.sentences.empty() ? "" : problems.sentences.front()) + " at " +
                         where.file_name() + ":" + std::to_string(where.line()));
}

}  // namespace latchkey::settings
