#include "web/page_values.h"

#include <algorithm>

namespace latchkey::web {
namespace {

/// What every template may use.
constexpr std::string_view common[] = {"title",      "service",         "root",
                                       "style_path", "page_style_path", "script_path",
                                       "failed",     "problems.id",     "problems.text"};

constexpr std::string_view of_field[] = {"name",          "id",       "label",     "hint",         "type",
                                         "value",         "error",    "read_only", "autocomplete", "numeric",
                                         "left_to_right", "verbatim", "password",  "described"};

std::string_view type_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::email:
      return "email";
    case FieldKind::password:
      return "password";
    case FieldKind::text:
    case FieldKind::code:
      break;
  }
  return "text";
}

constexpr std::string_view flag(bool is_set) { return is_set ? "yes" : ""; }

TemplateValues values_of(const Field& field, const Form& form) {
  const std::string_view error = form.problem(field.name);
  const std::string id(field.id);
  std::string described = field.hint.empty() ? "" : id + "-hint";
  if (!error.empty()) described += (described.empty() ? "" : " ") + id + "-error";
  return {{"name", field.name},
          {"id", field.id},
          {"label", field.label},
          {"hint", field.hint},
          {"type", type_of(field.kind)},
          {"value", form.value(field.name)},
          {"error", error},
          {"described", described},
          {"read_only", flag(field.access == Access::read_only)},
          {"autocomplete", field.autocomplete},
          {"numeric", flag(field.kind == FieldKind::code)},
          {"left_to_right", flag(field.kind == FieldKind::email || field.kind == FieldKind::code)},
          {"verbatim", flag(field.kind != FieldKind::text)},
          {"password", flag(field.kind == FieldKind::password)}};
}

}  // namespace

std::vector<std::string> list_variables(const PageFile& page) {
  std::vector<std::string> names(std::begin(common), std::end(common));
  names.insert(names.end(), page.variables.begin(), page.variables.end());
  for (const Field& field : page.fields) {
    for (const auto name : of_field) names.push_back(std::string(field.name) + "." + std::string(name));
  }
  return names;
}

void set_form(TemplateValues& values, const Form& form) {
  std::vector<TemplateValues> problems;
  for (const std::string& text : form.other_problems()) problems.push_back({{"text", text}});
  for (const Field& field : form.page().fields) {
    values.set(field.name, std::vector{values_of(field, form)});
    if (const auto text = form.problem(field.name); !text.empty()) {
      problems.push_back({{"id", field.id}, {"text", text}});
    }
  }
  values.set("failed", flag(!problems.empty()));
  values.set("problems", std::move(problems));
}

std::string path_to_root(const http::Request& request) {
  const auto path = request.target.substr(0, request.target.find('?'));
  const auto slashes = std::ranges::count(path, '/');
  std::string way;
  for (auto i = slashes; i > 1; --i) way += "../";
  return way.empty() ? "./" : way;
}

}  // namespace latchkey::web
