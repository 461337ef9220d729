#include <algorithm>
#include <optional>

#include "base/unicode.h"
#include "http/escape.h"
#include "http/form.h"
#include "http/media_type.h"

namespace latchkey::http {

namespace {

/// RFC 2046 §5.1.1.
bool is_valid_boundary(std::string_view boundary) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  };
  return !boundary.empty() && boundary.size() <= 70 && boundary.back() != ' ' &&
         std::all_of(boundary.begin(), boundary.end(), allowed);
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// The field's name out of `form-data; name="…"`. Browsers write a quote in a name as %22 and no backslash,
/// so a backslash is refused, as is any second parameter: the only one there is, `filename`, makes the part a
/// file.
std::optional<std::string_view> field_name(std::string_view disposition) {
  std::size_t semicolon = disposition.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  if (!equal_ignoring_ascii_case(trim_blanks(disposition.substr(0, semicolon)), "form-data"))
    return std::nullopt;
  std::string_view rest = trim_blanks(disposition.substr(semicolon + 1));
  std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos || !equal_ignoring_ascii_case(rest.substr(0, equals), "name"))
    return std::nullopt;
  std::string_view name = rest.substr(equals + 1);
  bool quoted = name.size() >= 2 && name.front() == '"' && name.back() == '"';
  if (quoted) {
    name = name.substr(1, name.size() - 2);
    if (name.find_first_of("\"\\") != std::string_view::npos) return std::nullopt;
  } else if (!std::all_of(name.begin(), name.end(), is_token_char)) {
    return std::nullopt;
  }
  if (name.empty() || has_control_characters(name)) return std::nullopt;
  return name;
}

/// The charset of a part's text, nothing where the part is no text that could be read.
std::optional<Charset> text_charset(std::string_view content_type) {
  std::optional<MediaType> type = parse_media_type(content_type);
  if (!type || type->essence != "text/plain" || type->charset() == Charset::other) return std::nullopt;
  return type->charset();
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_no_encoding(std::string_view encoding) {
  return equal_ignoring_ascii_case(encoding, "7bit") || equal_ignoring_ascii_case(encoding, "8bit") ||
         equal_ignoring_ascii_case(encoding, "binary");
}

struct PartHead {
  std::string_view name;
  Charset charset = Charset::utf8;
};

/// Reads a part's header lines, the empty one included; nothing where the part is refused.
std::optional<PartHead> read_part_head(std::string_view& text) {
  std::optional<std::string_view> name;
  std::optional<Charset> charset;
  bool encoded = false;
  while (!take(text, "\r\n")) {
    std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || line.find('\n') != std::string_view::npos) return std::nullopt;
    std::string_view key = line.substr(0, colon);
    std::string_view value = trim_blanks(line.substr(colon + 1));
    if (equal_ignoring_ascii_case(key, "content-disposition")) {
      if (name) return std::nullopt;
      name = field_name(value);
      if (!name) return std::nullopt;
    } else if (equal_ignoring_ascii_case(key, "content-type")) {
      if (charset) return std::nullopt;
      charset = text_charset(value);
      if (!charset) return std::nullopt;
    } else if (equal_ignoring_ascii_case(key, "content-transfer-encoding")) {
      if (encoded || !is_no_encoding(value)) return std::nullopt;
      encoded = true;
    } else if (!equal_ignoring_ascii_case(key, "content-length")) {
      return std::nullopt;
    }
  }
  if (!name) return std::nullopt;
  return PartHead{*name, charset.value_or(Charset::utf8)};
}

}  // namespace

Result<Form> parse_multipart(std::string_view body, std::string_view boundary) {
  if (!is_valid_boundary(boundary) || !is_valid_utf8(body)) return ErrorCode::malformed_form;
  std::string delimiter = "\r\n--";
  delimiter += boundary;

  Form form;
  std::string_view text = body;
  if (!take(text, std::string_view(delimiter).substr(2))) return ErrorCode::malformed_form;
  while (!take(text, "--")) {
    if (!take(text, "\r\n") || form.fields().size() == max_form_fields) return ErrorCode::malformed_form;
    std::optional<PartHead> part = read_part_head(text);
    if (!part) return ErrorCode::malformed_form;
    std::size_t end = text.find(delimiter);
    if (end == std::string_view::npos) return ErrorCode::malformed_form;
    std::string_view value = text.substr(0, end);
    if (value.find('\0') != std::string_view::npos) return ErrorCode::malformed_form;
    if (part->charset != Charset::utf8 && !is_ascii(value))
      return Error(ErrorCode::malformed_form, "A part with more than ASCII in it must be in UTF-8");
    form.add(std::string(part->name), std::string(value));
    text.remove_prefix(end + delimiter.size());
  }
  if (!text.empty() && text != "\r\n") return ErrorCode::malformed_form;
  return form;
}

}  // namespace latchkey::http
