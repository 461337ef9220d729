#include "http/media_type.h"

#include <algorithm>

#include "base/unicode.h"
#include "http/escape.h"

namespace latchkey::http {

std::optional<std::string_view> MediaType::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return std::nullopt;
}

Charset MediaType::charset() const {
  std::optional<std::string_view> label = parameter("charset");
  return label ? classify_charset(*label) : Charset::utf8;
}

namespace {

std::string_view take_token(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && is_token_char(text[size])) ++size;
  std::string_view token = text.substr(0, size);
  text.remove_prefix(size);
  return token;
}

/// `quoted-string` of RFC 9110 §5.6.4, with its first quote still there.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (c == '\\' && ++i < text.size()) c = text[i];
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return std::nullopt;
    value.push_back(c);
  }
  return std::nullopt;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

/// One media type or media range at the start of `text`, up to the comma after it or the end. One that
/// repeats a parameter or has too many is read to its end as well, so that a comma between its quotes begins
/// no other.
std::optional<MediaType> take_media_type(std::string_view& text) {
  MediaType type;
  bool refused = false;
  skip_blanks(text);
  std::string_view kind = take_token(text);
  if (kind.empty() || text.empty() || text.front() != '/') return std::nullopt;
  text.remove_prefix(1);
  std::string_view subtype = take_token(text);
  if (subtype.empty()) return std::nullopt;
  type.essence.append(kind).append("/").append(subtype);
  type.essence = to_lower_ascii(type.essence);
  for (;;) {
    skip_blanks(text);
    if (text.empty() || text.front() == ',') {
      if (refused) return std::nullopt;
      return type;
    }
    if (text.front() != ';') return std::nullopt;
    text.remove_prefix(1);
    skip_blanks(text);
    std::string_view name = take_token(text);
    if (name.empty()) continue;  // RFC 9110 §5.6.6 lets a parameter be empty
    if (text.empty() || text.front() != '=') return std::nullopt;
    text.remove_prefix(1);
    std::string value;
    if (!text.empty() && text.front() == '"') {
      std::optional<std::string> quoted = take_quoted(text);
      if (!quoted) return std::nullopt;
      value = std::move(*quoted);
    } else {
      value = take_token(text);
      if (value.empty()) return std::nullopt;
    }
    if (refused) continue;
    std::string key = to_lower_ascii(name);
    refused = type.parameters.size() == max_media_type_parameters || type.parameter(key);
    if (!refused) type.parameters.emplace_back(std::move(key), std::move(value));
  }
}

struct Weights {
  int html = 0;
  int json = 0;
};

void weigh(std::string_view accept, Weights& weights) {
  while (!accept.empty()) {
    std::optional<MediaType> type = take_media_type(accept);
    if (!type) {
      // Not parsable: go on behind the next comma.
      accept.remove_prefix(std::min(accept.find(','), accept.size()));
    } else if (type->essence == "text/html" || type->essence == "application/json") {
      int& best = type->essence == "text/html" ? weights.html : weights.json;
      std::optional<std::string_view> weight = type->parameter("q");
      best = std::max(best, weight ? parse_weight(*weight) : 1000);
    }
    if (!accept.empty()) accept.remove_prefix(1);
  }
}

}  // namespace

int parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  if (text.size() > 1 && text[1] != '.') return -1;
  int weight = (text[0] - '0') * 1000;
  int unit = 100;
  for (char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return -1;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return weight <= 1000 ? weight : -1;
}

std::optional<MediaType> parse_media_type(std::string_view value) {
  std::optional<MediaType> type = take_media_type(value);
  if (!value.empty()) return std::nullopt;
  return type;
}

bool prefers_html(std::string_view accept) {
  Weights weights;
  weigh(accept, weights);
  return weights.html > weights.json;
}

bool prefers_html(const Request& request) {
  Weights weights;
  for (const HeaderView& line : request.headers)
    if (equal_ignoring_ascii_case(line.name, "Accept")) weigh(line.value, weights);
  return weights.html > weights.json;
}

}  // namespace latchkey::http
