#include "api/decode.h"

#include <charconv>

#include "base/unicode.h"

namespace latchkey::api::detail {
namespace {

bool fits(std::string_view text, const About& about, std::string_view name, FieldErrors& errors) {
  if (about.longest != 0 && text.size() > about.longest) {
    errors.add(name, "string_too_long",
               "String should have at most " + std::to_string(about.longest) + " bytes");
    return false;
  }
  if (!about.constant.empty() && text != about.constant) {
    errors.add(name, "string_pattern_mismatch", "Must be \"" + std::string(about.constant) + "\"");
    return false;
  }
  if (!about.one_of.empty() && std::ranges::find(about.one_of, text) == about.one_of.end()) {
    refuse_outside(about.one_of, name, errors);
    return false;
  }
  return true;
}

void read_integer(std::int64_t value, const About& about, std::string_view name, std::int64_t& out,
                  FieldErrors& errors) {
  if (value < about.least) {
    return errors.add(name, "greater_than_equal",
                      "Input should be greater than or equal to " + std::to_string(about.least));
  }
  if (value > about.greatest) {
    return errors.add(name, "less_than_equal",
                      "Input should be less than or equal to " + std::to_string(about.greatest));
  }
  out = value;
}

void refuse_integer(std::string_view name, FieldErrors& errors) {
  errors.add(name, "int_parsing", "Input should be a valid integer");
}

}  // namespace

void read_json(boost::json::value& in, const About& about, std::string_view name, std::string& out,
               FieldErrors& errors) {
  const auto* text = in.if_string();
  if (text == nullptr) return errors.add(name, "string_type", "Input should be a valid string");
  if (fits(std::string_view(*text), about, name, errors)) out.assign(text->data(), text->size());
}

void read_json(boost::json::value& in, const About& about, std::string_view name, Secret& out,
               FieldErrors& errors) {
  auto* text = in.if_string();
  if (text == nullptr) return errors.add(name, "string_type", "Input should be a valid string");
  if (fits(std::string_view(*text), about, name, errors)) {
    out = Secret(std::string_view(text->data(), text->size()));
  }
  wipe(text->data(), text->size());
}

void read_json(boost::json::value& in, const About&, std::string_view name, bool& out, FieldErrors& errors) {
  const auto* truth = in.if_bool();
  if (truth == nullptr) return errors.add(name, "bool_type", "Input should be a valid boolean");
  out = *truth;
}

void read_json(boost::json::value& in, const About& about, std::string_view name, std::int64_t& out,
               FieldErrors& errors) {
  const auto* integer = in.if_int64();
  if (integer == nullptr) return errors.add(name, "int_type", "Input should be a valid integer");
  read_integer(*integer, about, name, out, errors);
}

void read_json(boost::json::value& in, const About& about, std::string_view name, Timestamp& out,
               FieldErrors& errors) {
  const auto* text = in.if_string();
  read_text(text == nullptr ? std::string_view() : std::string_view(*text), about, name, out, errors);
}

void read_text(std::string_view in, const About& about, std::string_view name, std::string& out,
               FieldErrors& errors) {
  if (fits(in, about, name, errors)) out = std::string(in);
}

void read_text(std::string_view in, const About& about, std::string_view name, Secret& out,
               FieldErrors& errors) {
  if (fits(in, about, name, errors)) out = Secret(in);
}

void read_text(std::string_view in, const About&, std::string_view name, bool& out, FieldErrors& errors) {
  const std::string lower = to_lower_ascii(in.substr(0, 6));
  for (const std::string_view yes : {"true", "1", "yes", "on"}) {
    if (lower == yes) {
      out = true;
      return;
    }
  }
  for (const std::string_view no : {"false", "0", "no", "off"}) {
    if (lower == no) {
      out = false;
      return;
    }
  }
  errors.add(name, "bool_parsing", "Input should be a valid boolean");
}

void read_text(std::string_view in, const About& about, std::string_view name, std::int64_t& out,
               FieldErrors& errors) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(in.data(), in.data() + in.size(), value);
  if (in.empty() || error != std::errc{} || end != in.data() + in.size()) return refuse_integer(name, errors);
  read_integer(value, about, name, out, errors);
}

void read_text(std::string_view in, const About&, std::string_view name, Timestamp& out,
               FieldErrors& errors) {
  if (const auto time = parse_rfc3339(in)) {
    out = *time;
  } else {
    errors.add(name, "datetime_parsing", "Input should be a time such as 2026-11-29T03:11:00Z");
  }
}

void refuse_outside(std::span<const std::string_view> values, std::string_view name, FieldErrors& errors) {
  std::string message = "Input should be ";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) message += i + 1 == values.size() ? " or " : ", ";
    message += "'" + std::string(values[i]) + "'";
  }
  errors.add(name, "enum", std::move(message));
}

Result<boost::json::value> parse_object(std::string_view body) {
  auto parsed = parse_json(body);
  if (parsed.has_error()) return parsed.error();
  if (!parsed->is_object()) return Error(ErrorCode::malformed_json, "The body must be a JSON object");
  return parsed;
}

Result<> refuse_in_query(const http::Request& request, std::span<const std::string_view> names) {
  if (request.query.empty()) return {};
  const auto query = http::parse_query(request);
  if (query.has_error()) return query.error();
  for (const auto name : names) {
    if (query->count(name) != 0) {
      return Error(ErrorCode::repeated_parameter,
                   "Send " + std::string(name) + " in the body, not in the query");
    }
  }
  return {};
}

Result<http::Form> read_form(const http::Request& request) {
  auto form = http::parse_form(request);
  if (form.has_error()) return form.error();
  if (form->has_repeats()) return Error(ErrorCode::repeated_parameter);
  return form;
}

}  // namespace latchkey::api::detail
