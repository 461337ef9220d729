#include "web/form.h"

#include <algorithm>
#include <stdexcept>

namespace latchkey::web {
namespace {

bool may_be_shown(const Field& field) {
  return field.kind != FieldKind::password && field.kind != FieldKind::code;
}

const Field* find_field(const PageFile& page, std::string_view name) {
  const auto found = std::ranges::find(page.fields, name, &Field::name);
  return found == page.fields.end() ? nullptr : &*found;
}

/// Messages that begin with a small letter ("is too easy to guess") go on from the name of their field.
std::string sentence_of(const Field& field, const FieldError& error) {
  std::string label(field.label);
  if (error.type == "missing") return label + " is missing";
  if (!error.msg.empty() && error.msg[0] >= 'a' && error.msg[0] <= 'z') return label + " " + error.msg;
  return error.msg;
}

std::string_view find_text(const std::map<std::string, std::string, std::less<>>& texts,
                           std::string_view name) {
  const auto found = texts.find(name);
  return found == texts.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

Form& Form::keep(std::string_view name, std::string value) {
  const Field* field = find_field(page_, name);
  if (field == nullptr || !may_be_shown(*field)) throw std::logic_error("a form keeps what it must not");
  values_[std::string(name)] = std::move(value);
  return *this;
}

Form& Form::keep_sent(const http::Form& sent) {
  for (const Field& field : page_.fields) {
    if (!may_be_shown(field) || field.access == Access::read_only) continue;
    if (const auto value = sent.find(field.name)) values_[std::string(field.name)] = std::string(*value);
  }
  return *this;
}

Form& Form::refuse(const Error& error) {
  const auto& info = describe(error.code);
  status_ = info.status;
  for (const FieldError& wrong : error.fields) {
    const Field* field = wrong.loc.empty() ? nullptr : find_field(page_, wrong.loc.back());
    if (field == nullptr) {
      other_problems_.push_back(wrong.msg);
    } else {
      // The first thing that is wrong with a field is enough to mend it.
      problems_.emplace(std::string(field->name), sentence_of(*field, wrong));
    }
  }
  if (error.fields.empty())
    other_problems_.push_back(error.detail.empty() ? std::string(info.detail) : error.detail);
  return *this;
}

std::string_view Form::value(std::string_view field) const { return find_text(values_, field); }
std::string_view Form::problem(std::string_view field) const { return find_text(problems_, field); }

}  // namespace latchkey::web
