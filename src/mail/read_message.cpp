#include "mail/read_message.h"

#include <optional>

#include "base/unicode.h"

namespace latchkey::mail {
namespace {

/// Takes the next line off `rest`, without its line end.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim_front(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

std::optional<int> digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

/// The byte that `=XY` stands for at the beginning of `text`.
std::optional<char> read_escape(std::string_view text) {
  if (text.size() < 3 || text[0] != '=') return std::nullopt;
  const auto high = digit_of(text[1]);
  const auto low = digit_of(text[2]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high * 16 + *low);
}

/// Of RFC 2047 §4.2 or RFC 2045 §6.7: bytes behind `=`.
std::string decode_escapes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = read_escape(text.substr(i));
    out += byte.value_or(text[i]);
    if (byte) i += 2;
  }
  return out;
}

/// The words of the header `value`, whose lines are joined: those in Q and UTF-8 decoded, all else as it
/// stands. White space between two encoded words is not part of the text.
std::string decode_words(std::string_view value) {
  constexpr std::string_view start = "=?utf-8?q?";
  constexpr std::size_t longest_word = 75;
  std::string out;
  bool after_word = false;
  while (!value.empty()) {
    const auto blanks = value.size() - trim_front(value).size();
    const auto word = value.substr(blanks);
    const auto end = equal_ignoring_ascii_case(word.substr(0, start.size()), start)
                         ? word.substr(0, longest_word).find("?=", start.size())
                         : word.npos;
    if (end != word.npos) {
      if (!after_word) out += value.substr(0, blanks);
      std::string inner(word.substr(start.size(), end - start.size()));
      for (char& c : inner)
        if (c == '_') c = ' ';
      out += decode_escapes(inner);
      value = word.substr(end + 2);
      after_word = true;
      continue;
    }
    const auto next = word.empty() ? word.npos : word.find_first_of(" \t", 1);
    out += value.substr(0, blanks);
    out += word.substr(0, next);
    value = next == word.npos ? std::string_view() : word.substr(next);
    after_word = false;
  }
  return out;
}

struct Head {
  std::string to;
  std::string subject;
  std::string content_type;
  std::string encoding;
};

/// Takes the header off `rest`, with the empty line behind it.
Head take_head(std::string_view& rest) {
  Head head;
  std::string* open = nullptr;  // the value that a folded line goes on
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (line.empty()) break;
    if (is_blank(line.front())) {
      if (open != nullptr) open->append(" ").append(trim_front(line));
      continue;
    }
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    open = equal_ignoring_ascii_case(name, "To")                          ? &head.to
           : equal_ignoring_ascii_case(name, "Subject")                   ? &head.subject
           : equal_ignoring_ascii_case(name, "Content-Type")              ? &head.content_type
           : equal_ignoring_ascii_case(name, "Content-Transfer-Encoding") ? &head.encoding
                                                                          : nullptr;
    if (open != nullptr && colon != line.npos) *open = trim_front(line.substr(colon + 1));
  }
  return head;
}

std::string read_quoted_printable(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    std::string_view line = take_line(body);
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    const bool soft = line.ends_with('=');
    if (soft) line.remove_suffix(1);
    out += decode_escapes(line);
    if (!soft) out += '\n';
  }
  return out;
}

std::string read_lines(std::string_view body) {
  std::string out;
  out.reserve(body.size());
  while (!body.empty()) out.append(take_line(body)).append("\n");
  return out;
}

bool begins_with(std::string_view text, std::string_view start) {
  return equal_ignoring_ascii_case(text.substr(0, start.size()), start);
}

/// The first part of each kind counts.
void keep_part(ReadMessage& message, const Head& head, std::string_view body) {
  const bool html = begins_with(head.content_type, "text/html");
  if (!html && !head.content_type.empty() && !begins_with(head.content_type, "text/plain")) return;
  std::string& place = html ? message.html : message.text;
  if (!place.empty()) return;
  place = begins_with(head.encoding, "quoted-printable") ? read_quoted_printable(body) : read_lines(body);
}

/// What `boundary="…"` of a multipart says, with the two hyphens that stand before it in the body.
std::string delimiter_of(std::string_view content_type) {
  constexpr std::string_view name = "boundary=\"";
  const auto at = content_type.find(name);
  if (!begins_with(content_type, "multipart/") || at == content_type.npos) return "";
  const auto value = content_type.substr(at + name.size());
  return "--" + std::string(value.substr(0, value.find('"')));
}

void read_parts(ReadMessage& message, std::string_view rest, const std::string& delimiter) {
  const auto delimits = [&](std::string_view line) {
    return line.starts_with(delimiter) &&
           (line.size() == delimiter.size() || line.substr(delimiter.size()) == "--");
  };
  while (!rest.empty() && !delimits(take_line(rest))) continue;
  while (!rest.empty()) {
    const Head head = take_head(rest);
    const char* const begin = rest.data();
    std::size_t size = 0;
    while (!rest.empty()) {
      const auto line = take_line(rest);
      if (delimits(line)) break;
      size = static_cast<std::size_t>(line.data() + line.size() - begin);
    }
    keep_part(message, head, {begin, size});
  }
}

}  // namespace

ReadMessage read_message(std::string_view message) {
  ReadMessage result;
  const Head head = take_head(message);
  result.to = head.to;
  result.subject = decode_words(head.subject);
  const auto delimiter = delimiter_of(head.content_type);
  if (delimiter.size() > 2) {
    read_parts(result, message, delimiter);
  } else {
    keep_part(result, head, message);
  }
  return result;
}

}  // namespace latchkey::mail
