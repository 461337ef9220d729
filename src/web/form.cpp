#include "web/form.h"

#include <algorithm>
#include <stdexcept>

namespace latchkey::web {
namespace {

bool may_be_shown(const Field& field) {
  return field.kind != FieldKind::password && field.kind != FieldKind::code && field.kind != FieldKind::words;
}

const Field* find_field(const PageFile& page, std::string_view name) {
  const auto found = std::ranges::find(page.fields, name, &Field::name);
  return found == page.fields.end() ? nullptr : &*found;
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

Form& Form::keep_sent(const http::Request& request) {
  const auto sent = http::parse_form(request);
  if (sent.has_value()) keep_sent(*sent);
  return *this;
}

void Form::take_status(const Error& error) {
  status_ = describe(error.code).status;
  retry_after_ = error.retry_after;
  is_paced_ = error.code == ErrorCode::overloaded || error.code == ErrorCode::too_many_requests ||
              error.code == ErrorCode::too_many_attempts;
}

Form& Form::refuse(const Error& error) {
  take_status(error);
  for (const FieldError& wrong : error.fields) {
    const Field* field = wrong.loc.empty() ? nullptr : find_field(page_, wrong.loc.back());
    // The first thing that is wrong with a field is enough to mend it.
    if (field != nullptr && std::ranges::find(problems_, field, &Problem::field) != problems_.end()) continue;
    problems_.push_back({.field = field, .wrong = wrong});
  }
  if (error.fields.empty()) problems_.push_back({.refusal = error});
  return *this;
}

Form& Form::refuse_at(std::string_view name, const Error& error) {
  if (!error.fields.empty()) return refuse(error);
  take_status(error);
  problems_.push_back({.field = find_field(page_, name), .refusal = error});
  return *this;
}

std::string_view Form::value(std::string_view field) const {
  const auto found = values_.find(field);
  return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace latchkey::web
