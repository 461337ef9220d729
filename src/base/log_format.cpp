#include <fmt/format.h>
#include <unictype.h>
#include <unistr.h>

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "base/log.h"

namespace latchkey::log {
namespace {

/// Values from outside may be long; an operator reads their beginning.
constexpr std::size_t max_value_size = 1000;

std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug:
      return "DEBUG";
    case Level::info:
      return "INFO";
    case Level::warn:
      return "WARN";
    case Level::error:
      return "ERROR";
  }
  return "ERROR";
}

/// Whether a terminal shows it as one character that moves nothing: no controls (C1 too), no format
/// characters such as those that turn the direction of writing, no line or paragraph separators, nothing
/// unassigned or private.
bool is_visible(ucs4_t c) {
  return !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp);
}

/// A value that needs no quotes in the text form, and that nobody can take for more than one field.
bool is_plain(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
  });
}

/// Calls `visible(bytes)` for every stretch that may be shown, `hidden(c)` for a character and `bad(byte)`
/// for a byte of no character that may not.
template <class Visible, class Hidden, class Bad>
void walk(std::string_view text, Visible visible, Hidden hidden, Bad bad) {
  while (!text.empty()) {
    ucs4_t c = 0;
    const int size = u8_mbtoucr(&c, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    if (size <= 0) {
      bad(static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    const std::string_view bytes = text.substr(0, static_cast<std::size_t>(size));
    is_visible(c) ? visible(bytes) : hidden(c);
    text.remove_prefix(bytes.size());
  }
}

std::string_view shorten(std::string_view text) { return text.substr(0, max_value_size); }

void append_quoted(std::string& out, std::string_view value) {
  const auto end = std::back_inserter(out);
  const auto visible = [&](std::string_view bytes) {
    if (bytes == "\"" || bytes == "\\") out.push_back('\\');
    out += bytes;
  };
  const auto hidden = [&](ucs4_t c) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      fmt::format_to(end, "\\u{{{:x}}}", c);
    }
  };
  out.push_back('"');
  walk(shorten(value), visible, hidden, [&](unsigned char byte) { fmt::format_to(end, "\\x{:02x}", byte); });
  if (value.size() > max_value_size) out += "...";
  out.push_back('"');
}

void append_json_value(std::string& out, std::string_view value) {
  std::string shown;
  const auto visible = [&](std::string_view bytes) { shown += bytes; };
  const auto hidden = [&](ucs4_t c) {
    if (c < 0x20) {
      shown.push_back(static_cast<char>(c));  // append_json_string escapes it
    } else {
      shown += "\xEF\xBF\xBD";
    }
  };
  walk(shorten(value), visible, hidden, [&](unsigned char) { shown += "\xEF\xBF\xBD"; });
  if (value.size() > max_value_size) shown += "...";
  append_json_string(out, shown);
}

struct AppendText {
  std::string& out;
  void operator()(std::string_view value) const {
    if (value.size() <= max_value_size && is_plain(value)) {
      out += value;
    } else {
      append_quoted(out, value);
    }
  }
  void operator()(std::int64_t number) const { out += fmt::format_int(number).c_str(); }
  void operator()(bool truth) const { out += truth ? "true" : "false"; }
};

struct AppendJson : AppendText {
  using AppendText::operator();
  void operator()(std::string_view value) const { append_json_value(out, value); }
};

std::string format_text(std::string_view time, Level level, std::string_view event, Fields fields) {
  std::string line = fmt::format("{} {} {}", time, level_name(level), event);
  for (const Field& field : fields) {
    line.append(1, ' ').append(field.key).append(1, '=');
    std::visit(AppendText{line}, field.value.get());
  }
  return line;
}

std::string format_json(std::string_view time, Level level, std::string_view event, Fields fields) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":)", time, level_name(level));
  append_json_string(line, event);
  for (const Field& field : fields) {
    line.push_back(',');
    append_json_string(line, field.key);
    line.push_back(':');
    std::visit(AppendJson{{line}}, field.value.get());
  }
  line.push_back('}');
  return line;
}

}  // namespace

std::string format_line(Format format, std::string_view time, Level level, std::string_view event,
                        Fields fields) {
  return format == Format::json ? format_json(time, level, event, fields)
                                : format_text(time, level, event, fields);
}

}  // namespace latchkey::log
