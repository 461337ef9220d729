#include "api/json_codec.h"

namespace latchkey::api {

void FieldErrors::add(std::string_view field, std::string_view type, std::string_view message) {
  fields_.push_back({{"body", std::string(field)}, std::string(message), std::string(type)});
}

Error FieldErrors::take() {
  Error error{ErrorCode::validation_failed, fields_.front().loc.back() + ": " + fields_.front().msg};
  error.fields = std::move(fields_);
  return error;
}

void read_member(boost::json::value& in, std::string_view name, std::string& out, FieldErrors& errors) {
  if (const auto* text = in.if_string()) {
    out.assign(text->data(), text->size());
  } else {
    errors.add(name, "string_type", "Input should be a valid string");
  }
}

void read_member(boost::json::value& in, std::string_view name, Secret& out, FieldErrors& errors) {
  if (auto* text = in.if_string()) {
    out = Secret(std::string_view(text->data(), text->size()));
    wipe(text->data(), text->size());
  } else {
    errors.add(name, "string_type", "Input should be a valid string");
  }
}

void read_member(boost::json::value& in, std::string_view name, bool& out, FieldErrors& errors) {
  if (const auto* truth = in.if_bool()) {
    out = *truth;
  } else {
    errors.add(name, "bool_type", "Input should be a valid boolean");
  }
}

}  // namespace latchkey::api
