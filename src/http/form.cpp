#include "http/form.h"

#include <algorithm>

#include "base/secret.h"
#include "base/unicode.h"
#include "http/escape.h"
#include "http/media_type.h"

namespace latchkey::http {

Form& Form::operator=(Form&& other) noexcept {
  if (this != &other) {
    wipe_all();
    fields_ = std::move(other.fields_);
  }
  return *this;
}

Form::~Form() { wipe_all(); }

void Form::wipe_all() {
  for (FormField& field : fields_) wipe(field.value);
}

void Form::add(std::string name, std::string value) {
  if (fields_.empty()) fields_.reserve(max_form_fields);
  FormField& field = fields_.emplace_back();
  field.name = std::move(name);
  field.value = std::move(value);
  wipe(value);  // a short text was copied, not moved
}

std::size_t Form::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(fields_.begin(), fields_.end(),
                                                [&](const FormField& field) { return field.name == name; }));
}

Result<std::optional<std::string_view>> Form::single(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const FormField& field : fields_) {
    if (field.name != name) continue;
    if (found) return ErrorCode::repeated_parameter;
    found = field.value;
  }
  return found;
}

std::optional<std::string_view> Form::find(std::string_view name) const {
  const auto found = std::ranges::find(fields_, name, &FormField::name);
  if (found == fields_.end()) return std::nullopt;
  return found->value;
}

bool Form::has_repeats() const {
  for (auto i = fields_.begin(); i != fields_.end(); ++i)
    for (auto j = fields_.begin(); j != i; ++j)
      if (i->name == j->name) return true;
  return false;
}

namespace {

/// False for what a strict reader refuses; `+` is a blank (WHATWG URL §5.1).
bool decode_piece(std::string_view piece, std::string& out) {
  out.reserve(piece.size());
  for (std::size_t i = 0; i < piece.size(); ++i) {
    char c = piece[i];
    if (c == '%') {
      int byte = unescape(piece.substr(i));
      if (byte <= 0) return false;
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return false;
    } else {
      out.push_back(c == '+' ? ' ' : c);
    }
  }
  return is_valid_utf8(out);
}

}  // namespace

Result<Form> parse_urlencoded(std::string_view text) {
  Form form;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('&'), text.size());
    std::string_view piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (piece.empty()) continue;
    if (form.fields().size() == max_form_fields) return ErrorCode::malformed_form;
    std::size_t equals = std::min(piece.find('='), piece.size());
    std::string name;
    std::string value;
    bool good = decode_piece(piece.substr(0, equals), name) &&
                decode_piece(piece.substr(std::min(equals + 1, piece.size())), value);
    if (!good) {
      wipe(value);
      return ErrorCode::malformed_form;
    }
    form.add(std::move(name), std::move(value));
  }
  return form;
}

Result<Form> parse_form(const Request& request) {
  if (request.body.empty()) return Form{};
  std::optional<std::string_view> header = request.header("Content-Type");
  std::optional<MediaType> type = header ? parse_media_type(*header) : std::nullopt;
  if (!type) return ErrorCode::unsupported_media_type;
  if (type->essence == urlencoded_type) return parse_urlencoded(request.body);
  if (type->essence != multipart_type) return ErrorCode::unsupported_media_type;
  std::optional<std::string_view> boundary = type->parameter("boundary");
  if (!boundary) return ErrorCode::malformed_form;
  return parse_multipart(request.body, *boundary);
}

Result<Form> parse_query(const Request& request) {
  auto query = parse_urlencoded(request.query);
  if (query.has_error()) return Error(query.error().code, "The query is malformed");
  return query;
}

}  // namespace latchkey::http
