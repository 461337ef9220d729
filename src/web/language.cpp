#include "web/language.h"

#include <fmt/format.h>

// As in settings/toml_file.cpp: one program has one toml++.
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>

#include "base/inert_text.h"
#include "base/unicode.h"

namespace latchkey::web {
namespace {

constexpr std::string_view tag_opening = "{{@";
constexpr std::string_view in_attribute = "attribute ";

using Texts = std::map<std::string, std::string, std::less<>>;

bool is_name_char(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

/// The end of the placeholder that begins at `begin`; `npos` for what is none.
std::size_t end_of_placeholder(std::string_view text, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < text.size() && is_name_char(text[end])) ++end;
  const bool is_whole = end < text.size() && text[end] == '}' && end > begin + 1;
  return is_whole ? end : std::string_view::npos;
}

/// Calls `on_text` and `on_name` for the pieces of a text that was checked.
template <class OnText, class OnName>
void take_apart(std::string_view text, OnText on_text, OnName on_name) {
  while (!text.empty()) {
    const auto begin = text.find('{');
    on_text(text.substr(0, begin));
    if (begin == text.npos) return;
    const auto end = end_of_placeholder(text, begin);
    on_name(text.substr(begin + 1, end - begin - 1));
    text.remove_prefix(end + 1);
  }
}

void check_text(const std::string& file, const std::string& key, std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    throw BadTemplate(fmt::format("{}: {} {}", file, key, why));
  };
  if (trim(text).empty()) refuse("is empty");
  if (text.find_first_of("<>") != text.npos) refuse("has markup in it");
  if (has_control_characters(text)) refuse("has more than one line");
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '}') refuse("has a brace that opens nothing");
    if (text[at] != '{') continue;
    at = end_of_placeholder(text, at);
    if (at == text.npos) refuse("has a brace that is no {placeholder}");
  }
}

void collect(const std::string& file, const toml::table& table, const std::string& prefix, Texts& texts) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const auto* inner = node.as_table()) {
      collect(file, *inner, key + ".", texts);
    } else if (const auto* text = node.as_string()) {
      check_text(file, key, text->get());
      texts.emplace(key, text->get());
    } else {
      throw BadTemplate(fmt::format("{}: {} is no text", file, key));
    }
  }
}

}  // namespace

std::vector<std::string> placeholders_of(std::string_view text) {
  std::vector<std::string> names;
  take_apart(
      text, [](std::string_view) {}, [&](std::string_view name) { names.emplace_back(name); });
  std::ranges::sort(names);
  return names;
}

Language::Language(std::string tag, const TemplateSource& file) : tag_(std::move(tag)) {
  try {
    const toml::table table = toml::parse(file.text, file.name);
    collect(file.name, table, "", texts_);
  } catch (const toml::parse_error& error) {
    throw BadTemplate(fmt::format("{}, line {}: {}", file.name, error.source().begin.line,
                                  make_inert(error.description())));
  }
  for (const std::string_view key : {"language.name", "language.direction"})
    if (find(key).empty()) throw BadTemplate(fmt::format("{}: {} is missing", file.name, key));
  if (direction() != "ltr" && direction() != "rtl")
    throw BadTemplate(file.name + ": language.direction is neither ltr nor rtl");
}

std::string_view Language::find(std::string_view key) const {
  const auto found = texts_.find(key);
  return found == texts_.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view Language::resolve(std::string_view text) const {
  if (!text.starts_with('@')) return text;
  const auto found = find(text.substr(1));
  if (found.empty()) throw BadTemplate(fmt::format("lang/{}.toml: {} is missing", tag_, text.substr(1)));
  return found;
}

std::string Language::fill(std::string_view key, std::span<const Value> values) const {
  std::string filled;
  take_apart(
      find(key), [&](std::string_view text) { filled += text; },
      [&](std::string_view name) {
        const auto value = std::ranges::find(values, name, &Value::first);
        if (value != values.end()) filled += value->second;
      });
  return filled;
}

TemplateSource Language::apply(TemplateSource source) const {
  std::string out;
  std::string_view rest = source.text;
  for (;;) {
    const auto begin = rest.find(tag_opening);
    out += rest.substr(0, begin);
    if (begin == rest.npos) break;
    rest.remove_prefix(begin + tag_opening.size());
    const auto end = rest.find("}}");
    std::string_view key = trim(rest.substr(0, end));
    const bool is_attribute = key.starts_with(in_attribute);
    if (is_attribute) key.remove_prefix(in_attribute.size());
    const auto text = find(key);
    if (end == rest.npos || text.empty())
      throw BadTemplate(
          fmt::format("{}: there is no text \"{}\"", source.name, make_inert(key.substr(0, 80))));
    take_apart(
        text, [&](std::string_view piece) { append_html(out, piece); },
        [&](std::string_view name) {
          out.append(is_attribute ? "{{" : "<bdi>{{").append(name).append(is_attribute ? "}}" : "}}</bdi>");
        });
    rest.remove_prefix(end + 2);
  }
  source.text = std::move(out);
  return source;
}

}  // namespace latchkey::web
