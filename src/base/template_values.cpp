#include "base/template_values.h"

#include <algorithm>

namespace latchkey {

TemplateValues& TemplateValues::set(std::string_view name, std::string_view text) {
  entry(name).text = text;
  return *this;
}

TemplateValues& TemplateValues::set(std::string_view name, std::vector<TemplateValues> items) {
  entry(name).items = std::move(items);
  return *this;
}

TemplateValues& TemplateValues::merge(const TemplateValues& others) {
  for (const Entry& other : others.entries_) entry(other.name) = other;
  return *this;
}

std::string_view TemplateValues::text(std::string_view name) const {
  const Entry* found = find(name);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

const std::vector<TemplateValues>& TemplateValues::list(std::string_view name) const {
  static const std::vector<TemplateValues> none;
  const Entry* found = find(name);
  return found == nullptr ? none : found->items;
}

TemplateValues::Entry& TemplateValues::entry(std::string_view name) {
  const auto found = std::ranges::find(entries_, name, &Entry::name);
  if (found != entries_.end()) return *found;
  entries_.push_back({std::string(name), {}, {}});
  return entries_.back();
}

const TemplateValues::Entry* TemplateValues::find(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &Entry::name);
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace latchkey
