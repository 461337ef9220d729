#include "settings/toml_file.h"

#include <fmt/format.h>

// Some of its assertions are about the file: without them it says what is wrong with one.
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>

#include "settings/sentence.h"

namespace latchkey::settings {
namespace {

std::string_view type_name(TomlType type) {
  switch (type) {
    case TomlType::string:
      return "a string in quotes";
    case TomlType::integer:
      return "a number without quotes";
    case TomlType::boolean:
      return "true or false without quotes";
    case TomlType::array:
      return "an array of strings in brackets";
  }
  return "";
}

/// The text form of a value of the right type; nothing for any other.
std::optional<std::string> to_text(const toml::node& node, TomlType type) {
  switch (type) {
    case TomlType::string:
      return node.value_exact<std::string>();
    case TomlType::integer:
      if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
      return std::nullopt;
    case TomlType::boolean:
      if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
      return std::nullopt;
    case TomlType::array:
      break;
  }
  const toml::array* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::string joined;
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    // A comma would make two elements of one; no valid element has any.
    if (!text || text->empty() || text->find(',') != std::string::npos) return std::nullopt;
    joined.append(joined.empty() ? "" : ",").append(*text);
  }
  return joined;
}

class Reader {
 public:
  explicit Reader(std::string_view shown_path) : shown_path_(shown_path) {}

  void read(std::string_view text) {
    try {
      const toml::table table = toml::parse(text);
      read_table(table, "");
    } catch (const toml::parse_error& error) {
      complain(error.source(), without_quotation(error.description()));
    }
  }

  TomlFile take() {
    // toml++ keeps tables in the order of the alphabet; people read the file from its top.
    std::ranges::stable_sort(complaints_, {}, &Complained::line);
    for (Complained& complaint : complaints_) file_.problems.push_back(std::move(complaint.sentence));
    return std::move(file_);
  }

 private:
  struct Complained {
    toml::source_index line;
    std::string sentence;
  };

  void read_table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) read_node(node, prefix + std::string(key.str()), key.source());
  }

  void read_node(const toml::node& node, const std::string& name, const toml::source_region& source) {
    if (const Knob* knob = find_knob(name)) {
      if (auto text = to_text(node, knob->toml)) {
        file_.entries.push_back({knob, std::move(*text), origin(source)});
      } else {
        complain(source, fmt::format("{} must be {}", name, type_name(knob->toml)));
      }
      return;
    }
    const toml::table* table = node.as_table();
    if (table != nullptr && is_group(name)) return read_table(*table, name + '.');
    const std::string_view near = table == nullptr ? suggest_knob(name) : suggest_group(name);
    const std::string hint = near.empty() ? "" : fmt::format("; did you mean {}?", quote(near));
    complain(source,
             fmt::format("unknown {} {}{}", table == nullptr ? "setting" : "group", quote(name), hint));
  }

  void complain(const toml::source_region& source, const std::string& what) {
    complaints_.push_back({source.begin.line, fmt::format("{}: {}", origin(source), what)});
  }

  std::string origin(const toml::source_region& source) const {
    return fmt::format("{}:{}", shown_path_, source.begin.line);
  }

  /// toml++ quotes what it stumbled over, which may be a piece of a secret; only the names of settings are
  /// let through.
  static std::string without_quotation(std::string_view description) {
    if (description.find("cannot redefine") != std::string_view::npos) return std::string(description);
    description = description.substr(0, description.find(", saw"));
    description = description.substr(0, description.find('\''));
    while (description.ends_with(' ')) description.remove_suffix(1);
    return std::string(description);
  }

  const std::string shown_path_;
  TomlFile file_;
  std::vector<Complained> complaints_;
};

}  // namespace

TomlFile read_toml(std::string_view text, std::string_view shown_path) {
  Reader reader(shown_path);
  reader.read(text);
  return reader.take();
}

}  // namespace latchkey::settings
