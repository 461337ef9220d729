#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "settings/settings.h"

namespace latchkey::settings {

/// How a setting is written in a TOML file. In the environment and in flags everything is text, lists with
/// commas.
enum class TomlType : std::uint8_t { string, integer, boolean, array };

/// What is wrong with a value, as the rest of a sentence that begins with the setting's name: "must be …". It
/// quotes nothing of the value.
using Complaint = std::string;

/// Brings a text (or one element of a list) into the form that is kept, or says what is wrong with it.
using Check = std::optional<Complaint> (*)(std::string& value);

/// One setting: a row of the one table from which loading, `--help`, `latchkey config` and the reference are
/// made.
struct Knob {
  std::string_view name;            ///< `group.name`, the path of its member in Settings
  std::string_view default_text{};  ///< as it would be written; empty when there is none
  std::string_view meaning{};       ///< what it is for, and what goes wrong otherwise
  bool secret = false;  ///< never shown, and no flag, since every user of a machine can read arguments
  TomlType toml = TomlType::string;

  std::int64_t least = 0;  ///< bounds of a number, and in microseconds of a duration
  std::int64_t most = 0;
  std::span<const std::string_view> choices{};
  Check check = nullptr;
  std::string_view shape{};  ///< what a text must be: "an absolute http or https URL"

  std::optional<Complaint> (*set)(const Knob& knob, Settings& settings, std::string_view text) = nullptr;
  std::string (*get)(const Knob& knob, const Settings& settings) = nullptr;
  std::string (*form)(const Knob& knob) = nullptr;

  /// Reads the text form into the member.
  std::optional<Complaint> write(Settings& settings, std::string_view text) const {
    return set(*this, settings, text);
  }
  /// The text form of the member, which `write` reads back. Of a secret only `(set)`, or nothing when it is
  /// not.
  std::string read(const Settings& settings) const { return get(*this, settings); }
  /// What may be written: "a duration from 1s to 1d".
  std::string describe() const { return form(*this); }
};

/// Every setting, in the order of the reference.
std::span<const Knob> knobs();
/// Nothing for an unknown name.
const Knob* find_knob(std::string_view name);
/// Whether some setting is called `name.…`.
bool is_group(std::string_view name);
/// The known name that an unknown one most resembles; empty when none is near.
std::string_view suggest_knob(std::string_view unknown);
std::string_view suggest_group(std::string_view unknown);

/// `tokens.access_ttl` is LATCHKEY_TOKENS_ACCESS_TTL.
std::string environment_name(const Knob& knob);
/// `--tokens.access_ttl`; empty for a secret.
std::string flag_name(const Knob& knob);

/// The part of a name before its dot, empty for settings outside groups, and the part behind it.
std::string_view group_of(const Knob& knob);
std::string_view leaf_of(const Knob& knob);

/// The elements of the text form of a list.
std::vector<std::string> split_list(std::string_view text);

}  // namespace latchkey::settings
