#include "base/field_errors.h"

#include <utility>

namespace latchkey {

void FieldErrors::add(std::string_view field, std::string_view type, std::string message) {
  std::vector<std::string> loc = path_;
  loc.emplace_back(field);
  fields_.push_back({std::move(loc), std::move(message), std::string(type)});
}

Error FieldErrors::take() {
  Error error{ErrorCode::validation_failed, fields_.front().loc.back() + ": " + fields_.front().msg};
  error.fields = std::move(fields_);
  return error;
}

Error invalid_field(std::string_view where, std::string_view field, std::string_view type,
                    std::string message) {
  FieldErrors errors(where);
  errors.add(field, type, std::move(message));
  return errors.take();
}

}  // namespace latchkey
