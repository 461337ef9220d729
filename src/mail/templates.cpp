#include "mail/templates.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <algorithm>

#include <vector>

#include "base/unicode.h"
#include "mail/template_files.h"

namespace latchkey::mail {
namespace {

using Variables = std::vector<std::string_view>;

Variables variables_of(const Message& message) {
  Variables variables{"service", "username", "created_at"};
  variables.insert(variables.end(), message.variables.begin(), message.variables.end());
  if (message.link.make != nullptr) variables.emplace_back("expires_at");
  if (!message.link.variable.empty() &&
      std::ranges::find(variables, message.link.variable) == variables.end())
    variables.push_back(message.link.variable);
  return variables;
}

Template parse_subject_line(const TemplateSource& source, const Variables& variables) {
  const std::string_view line = trim(source.text);
  if (line.empty()) throw BadTemplate(source.name + ": is empty");
  if (is_valid_utf8(line) && has_control_characters(line))
    throw BadTemplate(source.name + ": is more than one line");
  return Template(source.name, line, Markup::text, variables);
}

Template parse_body(const TemplateSource& source, Markup markup, const Variables& variables,
                    std::string_view link, const Partials& parts) {
  Template body(source.name, source.text, markup, variables, parts);
  constexpr std::string_view probe = "https://probe.example/link";
  if (!link.empty() && body.render({{link, probe}}).find(probe) == std::string::npos) {
    throw BadTemplate(
        fmt::format("{}: has no {{{{{}}}}}, so nobody could follow the link", source.name, link));
  }
  return body;
}

}  // namespace

Templates::Templates(std::span<const Message> messages, const std::filesystem::path& folder) {
  std::vector<std::string_view> names;
  for (const Message& message : messages) names.push_back(message.name);
  const TemplateFiles files(folder, names);
  for (const Message& message : messages) {
    const Variables variables = variables_of(message);
    Entry entry{.row = &message, .languages = {}};
    auto languages = files.list_languages(message.name);
    languages.insert("");
    for (const std::string& language : languages) {
      const auto read = [&](std::string_view file) { return files.read(message.name, language, file); };
      const Partials parts = [&](std::string_view name) { return files.find_part(language, name); };
      entry.languages.insert_or_assign(
          to_lower_ascii(language),
          Texts{parse_subject_line(read("subject.txt"), variables),
                parse_body(read("body.txt"), Markup::text, variables, message.link.variable, {}),
                parse_body(read("body.html"), Markup::html, variables, message.link.variable, parts)});
    }
    entries_.emplace(message.name, std::move(entry));
  }
}

const Message* Templates::find(std::string_view message) const {
  const auto found = entries_.find(message);
  return found == entries_.end() ? nullptr : found->second.row;
}

Templates::Language Templates::find_language(std::string_view message, std::string_view locale) const {
  const auto entry = entries_.find(message);
  if (entry == entries_.end()) throw BadTemplate("there is no template for this message");
  const auto& languages = entry->second.languages;
  // The lookup of RFC 4647 §3.4, for one tag.
  for (std::string tag = to_lower_ascii(locale); !tag.empty(); tag.resize(tag.rfind('-'))) {
    if (const auto language = languages.find(tag); language != languages.end()) return *language;
    if (tag.find('-') == std::string::npos) break;
  }
  return *languages.find("");
}

Content Templates::render(std::string_view message, std::string_view locale, const Values& values) const {
  TemplateValues all;
  for (const Value& value : values) all.set(value.name, value.value);
  const auto& [subject, text, html] = find_language(message, locale).second;
  return {subject.render(all), text.render(all), html.render(all)};
}

std::string Templates::format_moment(std::string_view message, std::string_view locale, Timestamp at) const {
  const auto time = fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::floor<Seconds>(at)));
  // Only English names of months are known here; figures are understood in every language.
  if (!find_language(message, locale).first.empty()) return fmt::format("{:%Y-%m-%d %H:%M} UTC", time);
  return fmt::format("{} {:%B %Y, %H:%M} UTC", time.tm_mday, time);
}

}  // namespace latchkey::mail
