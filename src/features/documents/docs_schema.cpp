#include "features/documents/docs_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/template.h"

namespace latchkey::features::documents {
namespace {

namespace json = boost::json;

/// Named schemas are linked, not unfolded, so only inline ones nest: more than this is nobody's to read.
constexpr int max_depth = 6;
constexpr std::string_view schema_prefix = "#/components/schemas/";

std::string plain(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

void append_link(std::string& out, std::string_view name) {
  out += "<a href=\"#schema-";
  append_html(out, name);
  out += "\"><code>";
  append_html(out, name);
  out += "</code></a>";
}

void append_type_at(std::string& out, const json::value& schema, int depth);

void append_choices(std::string& out, const json::value& choices, std::string_view between, int depth) {
  bool first = true;
  for (const json::value& choice : choices.get_array()) {
    if (!first) out += between;
    first = false;
    append_type_at(out, choice, depth + 1);
  }
}

void append_values(std::string& out, const json::value& values) {
  bool first = true;
  for (const json::value& value : values.get_array()) {
    if (!first) out += ", ";
    first = false;
    append_code(out, plain(value));
  }
}

/// `type` may be a word or a list of words.
std::string words_of(const json::value& type) {
  if (type.is_string()) return plain(type);
  if (!type.is_array()) return {};
  std::string out;
  for (const json::value& word : type.get_array()) {
    if (!out.empty()) out += " or ";
    out += plain(word);
  }
  return out;
}

void append_bounds(std::string& out, const json::value& schema, std::string_view least, std::string_view most,
                   std::string_view unit) {
  const json::value& low = value_at(schema, least);
  const json::value& high = value_at(schema, most);
  if (low.is_null() && high.is_null()) return;
  std::string text;
  if (high.is_null()) {
    text = fmt::format("{} or more", plain(low));
  } else if (low.is_null()) {
    text = fmt::format("up to {}", plain(high));
  } else {
    text = fmt::format("{} to {}", plain(low), plain(high));
  }
  out += ", ";
  append_html(out, text);
  out += unit;
}

void append_details(std::string& out, const json::value& schema) {
  if (const auto format = text_at(schema, "format"); !format.empty()) {
    out += " (";
    append_html(out, format);
    out += ')';
  }
  append_bounds(out, schema, "minLength", "maxLength", " characters");
  append_bounds(out, schema, "minimum", "maximum", "");
  append_bounds(out, schema, "minItems", "maxItems", " items");
  const auto append_labelled = [&](std::string_view key, std::string_view label) {
    const json::value& value = value_at(schema, key);
    if (value.is_null()) return;
    out += label;
    append_code(out, plain(value));
  };
  append_labelled("pattern", ", pattern ");
  append_labelled("default", ", by default ");
  append_labelled("example", ", such as ");
}

void append_type_at(std::string& out, const json::value& schema, int depth) {
  const std::string_view reference = text_at(schema, "$ref");
  if (reference.starts_with(schema_prefix)) return append_link(out, reference.substr(schema_prefix.size()));
  if (depth > max_depth) {
    out += '?';
    return;
  }
  for (const std::string_view key : {"oneOf", "anyOf"}) {
    if (const json::value& choices = value_at(schema, key); choices.is_array()) {
      return append_choices(out, choices, " or ", depth);
    }
  }
  if (const json::value& parts = value_at(schema, "allOf"); parts.is_array()) {
    return append_choices(out, parts, " and ", depth);
  }
  if (const json::value& value = value_at(schema, "const"); !value.is_null())
    return append_code(out, plain(value));
  if (const json::value& values = value_at(schema, "enum"); values.is_array())
    return append_values(out, values);

  const std::string words = words_of(value_at(schema, "type"));
  append_html(out, words.empty() ? "any value" : words);
  if (const json::value& items = value_at(schema, "items"); items.is_object()) {
    out += " of ";
    append_type_at(out, items, depth + 1);
  }
  append_details(out, schema);
}

void append_members_at(std::string& out, const json::value& schema, int depth) {
  if (depth > max_depth) return;
  if (const json::value& parts = value_at(schema, "allOf"); parts.is_array()) {
    for (const json::value& part : parts.get_array()) append_members_at(out, part, depth + 1);
  }
  if (const json::value& items = value_at(schema, "items"); items.is_object()) {
    append_members_at(out, items, depth + 1);
  }
  const json::value& properties = value_at(schema, "properties");
  if (!properties.is_object() || properties.get_object().empty()) return;
  const json::value& required = value_at(schema, "required");
  out += "<ul class=\"members\">\n";
  for (const auto& [name, member] : properties.get_object()) {
    out += "<li>";
    append_code(out, name);
    out += ": ";
    append_type_at(out, member, depth);
    const bool needed = required.is_array() && std::ranges::find(required.get_array(), json::value(name)) !=
                                                   required.get_array().end();
    if (!needed) out += " <span class=\"soft\">(optional)</span>";
    append_prose(out, text_at(member, "description"));
    append_members_at(out, member, depth + 1);
    out += "</li>\n";
  }
  out += "</ul>\n";
}

}  // namespace

const json::value& value_at(const json::value& value, std::string_view key) {
  static const json::value none;
  if (!value.is_object()) return none;
  const json::value* found = value.get_object().if_contains(key);
  return found == nullptr ? none : *found;
}

std::string_view text_at(const json::value& value, std::string_view key) {
  const json::value& found = value_at(value, key);
  return found.is_string() ? std::string_view(found.get_string()) : std::string_view{};
}

const json::value& resolve(const json::value& document, const json::value& value) {
  const std::string_view reference = text_at(value, "$ref");
  if (!reference.starts_with("#/components/")) return value;
  boost::system::error_code failed;
  const json::value* found = document.find_pointer(reference.substr(1), failed);
  return found == nullptr ? value : *found;
}

void append_type(std::string& out, const json::value& schema) { append_type_at(out, schema, 0); }

void append_members(std::string& out, const json::value& schema) { append_members_at(out, schema, 0); }

void append_code(std::string& out, std::string_view text) {
  out += "<code>";
  append_html(out, text);
  out += "</code>";
}

void append_prose(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find("\n\n");
    std::string_view paragraph = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    out += "<p>";
    for (bool in_code = false; !paragraph.empty(); in_code = !in_code) {
      const std::string_view piece = paragraph.substr(0, paragraph.find('`'));
      paragraph.remove_prefix(std::min(piece.size() + 1, paragraph.size()));
      std::string line(piece);
      std::ranges::replace(line, '\n', ' ');
      if (in_code) {
        append_code(out, line);
      } else {
        append_html(out, line);
      }
    }
    out += "</p>\n";
  }
}

}  // namespace latchkey::features::documents
