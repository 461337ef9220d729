#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey {

struct TemplateValue {
  std::string_view name;
  std::string_view value;
};

/// What is put into a template: texts, and lists of such sets, by name. It owns what it was given.
class TemplateValues {
 public:
  TemplateValues() = default;
  TemplateValues(std::initializer_list<TemplateValue> texts) {  // NOLINT(google-explicit-constructor)
    for (const auto& [name, value] : texts) set(name, value);
  }

  /// A name that is set a second time has the second value.
  TemplateValues& set(std::string_view name, std::string_view text);
  TemplateValues& set(std::string_view name, std::vector<TemplateValues> items);

  /// Adds those of `others`, which win over values of the same name.
  TemplateValues& merge(const TemplateValues& others);

  /// The text of that name; empty when there is none.
  std::string_view text(std::string_view name) const;
  /// The list of that name; empty when there is none.
  const std::vector<TemplateValues>& list(std::string_view name) const;

 private:
  struct Entry {
    std::string name;
    std::string text;
    std::vector<TemplateValues> items;
  };
  Entry& entry(std::string_view name);
  const Entry* find(std::string_view name) const;

  std::vector<Entry> entries_;
};

}  // namespace latchkey
