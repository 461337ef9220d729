#include "web/page_values.h"

#include <algorithm>

#include "web/form_words.h"

namespace latchkey::web {
namespace {

/// What every template may use. `at_…` says which part of an account the page is about.
constexpr std::string_view common[] = {"title",
                                       "service",
                                       "mark",
                                       "lang",
                                       "dir",
                                       "root",
                                       "style_path",
                                       "page_style_path",
                                       "script_path",
                                       "failed",
                                       "problems.id",
                                       "problems.text",
                                       "form_token",
                                       "note",
                                       "signed_in_as",
                                       "languages.tag",
                                       "languages.name",
                                       "languages.current",
                                       "at_overview",
                                       "at_security",
                                       "at_sessions",
                                       "at_profile",
                                       "at_activity",
                                       "at_data"};

constexpr std::string_view of_field[] = {
    "name",         "id",      "label",         "hint",     "type",     "value",     "error",  "read_only",
    "autocomplete", "numeric", "left_to_right", "verbatim", "password", "described", "hidden", "one_time"};

std::string_view type_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::email:
      return "email";
    case FieldKind::password:
      return "password";
    case FieldKind::hidden:
      return "hidden";
    case FieldKind::text:
    case FieldKind::words:
    case FieldKind::code:
      break;
  }
  return "text";
}

constexpr std::string_view flag(bool is_set) { return is_set ? "yes" : ""; }

TemplateValues values_of(const Field& field, const Form& form, std::string_view error,
                         const Language& language) {
  const std::string id(field.id);
  std::string described = field.hint.empty() ? "" : id + "-hint";
  if (!error.empty()) described += (described.empty() ? "" : " ") + id + "-error";
  return {{"name", field.name},
          {"id", field.id},
          {"label", language.resolve(field.label)},
          {"hint", language.resolve(field.hint)},
          {"type", type_of(field.kind)},
          {"value", form.value(field.name)},
          {"error", error},
          {"described", described},
          {"read_only", flag(field.access == Access::read_only)},
          {"autocomplete", field.autocomplete},
          {"numeric", flag(field.kind == FieldKind::code)},
          {"left_to_right", flag(field.kind == FieldKind::email || field.kind == FieldKind::code ||
                                 field.kind == FieldKind::words)},
          {"verbatim", flag(field.kind != FieldKind::text)},
          {"password", flag(field.kind == FieldKind::password)},
          {"hidden", flag(field.kind == FieldKind::hidden)},
          {"one_time", flag(field.kind == FieldKind::code)}};
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

void set_form(TemplateValues& values, const Form& form, const Language& language) {
  std::vector<TemplateValues> problems;
  const auto& fields = form.page().fields;
  std::vector<std::string> at_field(fields.size());
  for (const Form::Problem& problem : form.problems()) {
    std::string sentence = sentence_of(problem, language);
    if (problem.field == nullptr) {
      problems.push_back({{"text", sentence}});
    } else {
      problems.push_back({{"id", problem.field->id}, {"text", sentence}});
      at_field[static_cast<std::size_t>(problem.field - fields.data())] = std::move(sentence);
    }
  }
  for (std::size_t i = 0; i < fields.size(); ++i)
    values.set(fields[i].name, std::vector{values_of(fields[i], form, at_field[i], language)});
  values.set("failed", flag(!problems.empty()));
  values.set("problems", std::move(problems));
}

std::string path_to_root(const http::Request& request) {
  auto path = request.target.substr(0, request.target.find('?'));
  // What stands before the path in the absolute form (RFC 9112 §3.2.2).
  if (const auto scheme = path.find("://"); !path.starts_with('/') && scheme != path.npos)
    path.remove_prefix(std::min(path.find('/', scheme + 3), path.size()));
  const auto slashes = std::ranges::count(path, '/');
  std::string way;
  for (auto i = slashes; i > 1; --i) way += "../";
  return way.empty() ? "./" : way;
}

std::string show_time(Timestamp at) {
  const Rfc3339 text(at);
  return std::string(text.view().substr(0, 10)) + " " + std::string(text.view().substr(11, 5)) + " UTC";
}

std::string machine_time(Timestamp at) { return std::string(Rfc3339(at).view().substr(0, 19)) + "Z"; }

}  // namespace latchkey::web
