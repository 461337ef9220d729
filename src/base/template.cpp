#include "base/template.h"

#include <fmt/format.h>
#include <unistr.h>

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <mutex>

#include "base/unicode.h"

namespace latchkey {
namespace {

namespace mustache = kainjow::mustache;

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Range {
  char32_t first;
  char32_t last;
};

/// Sorted. The two joiners (U+200C, U+200D) are not here: Persian, Indic scripts and emoji need them.
constexpr Range forbidden[] = {
    {0x0000, 0x001F},    // C0
    {0x007F, 0x009F},    // DEL, C1
    {0x00AD, 0x00AD},    // soft hyphen
    {0x034F, 0x034F},    // combining grapheme joiner
    {0x061C, 0x061C},    // Arabic letter mark
    {0x115F, 0x1160},    // Hangul fillers
    {0x17B4, 0x17B5},    // invisible Khmer vowels
    {0x180E, 0x180E},    // Mongolian vowel separator
    {0x200B, 0x200B},    // zero-width space
    {0x200E, 0x200F},    // left-to-right and right-to-left marks
    {0x2028, 0x202E},    // line and paragraph separators, embeddings and overrides
    {0x2060, 0x206F},    // word joiner, invisible operators, isolates, deprecated marks
    {0x3164, 0x3164},    // Hangul filler
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFA0, 0xFFA0},    // half-width Hangul filler
    {0xFFF9, 0xFFFB},    // interlinear annotations
    {0x1D173, 0x1D17A},  // musical format marks
    {0xE0000, 0xE0FFF},  // tags
};

bool is_forbidden(char32_t c) {
  const auto* range = std::ranges::lower_bound(forbidden, c, {}, &Range::last);
  return range != std::end(forbidden) && c >= range->first;
}

/// Hands `text` on piece by piece, each of them a whole character or a replacement.
template <class Sink>
void for_each_inert(std::string_view text, Sink&& sink) {
  while (!text.empty()) {
    ucs4_t c = 0;
    const int size = u8_mbtoucr(&c, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    if (size <= 0) {
      sink(replacement);
      text.remove_prefix(1);
    } else {
      sink(is_forbidden(c) ? replacement : text.substr(0, static_cast<std::size_t>(size)));
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }
}

std::size_t line_of(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, at), '\n'));
}

/// The parser below takes more than we allow, and passes over names that it does not know.
void check_tags(std::string_view name, std::string_view text, std::span<const std::string_view> variables) {
  std::size_t at = 0;
  while ((at = text.find("{{", at)) != std::string_view::npos) {
    const auto refuse = [&](std::string_view why) {
      throw BadTemplate(fmt::format("{}, line {}: {}", name, line_of(text, at), why));
    };
    const std::size_t end = text.find("}}", at);
    if (end == std::string_view::npos) refuse("a tag is not closed with }}");
    std::string_view tag = trim(text.substr(at + 2, end - at - 2));
    if (tag.empty()) refuse("a tag has no name");
    if (tag[0] == '{' || tag[0] == '&') refuse("values are always escaped: write {{name}}");
    if (tag[0] == '=') refuse("the delimiters stay {{ and }}");
    if (tag[0] == '>') refuse("a template can not include another");
    if (tag[0] != '!') {
      if (tag[0] == '#' || tag[0] == '^' || tag[0] == '/') tag = trim(tag.substr(1));
      if (std::ranges::find(variables, tag) == variables.end()) {
        refuse(fmt::format("there is no value \"{}\"; there are: {}", make_inert(tag),
                           fmt::join(variables, ", ")));
      }
    }
    at = end + 2;
  }
}

}  // namespace

struct Template::Parsed {
  explicit Parsed(const std::string& text) : mustache(text) {}
  mustache::mustache mustache;
  std::mutex mutex;  // the library's render is not const
};

Template::Template(std::string_view name, std::string_view text, Markup markup,
                   std::span<const std::string_view> variables) {
  if (!is_valid_utf8(text)) throw BadTemplate(fmt::format("{}: is not UTF-8", name));
  check_tags(name, text, variables);
  parsed_ = std::make_unique<Parsed>(std::string(text));
  if (!parsed_->mustache.is_valid()) {
    throw BadTemplate(fmt::format("{}: {}", name, parsed_->mustache.error_message()));
  }
  if (markup == Markup::text) {
    parsed_->mustache.set_custom_escape([](const std::string& value) { return make_inert(value); });
  } else {
    parsed_->mustache.set_custom_escape([](const std::string& value) {
      std::string out;
      append_html(out, value);
      return out;
    });
  }
}

Template::~Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;

std::string Template::render(std::span<const TemplateValue> values) const {
  mustache::data data;
  for (const auto& [name, value] : values) {
    // The library takes an empty text for true.
    data.set(std::string(name), value.empty() ? mustache::data(false) : mustache::data(std::string(value)));
  }
  std::string out;
  const std::scoped_lock lock(parsed_->mutex);
  parsed_->mustache.render(data, [&](const std::string& piece) { out += piece; });
  return out;
}

std::string make_inert(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_inert(text, [&](std::string_view piece) { out += piece; });
  return out;
}

void append_html(std::string& out, std::string_view text) {
  for_each_inert(text, [&](std::string_view piece) {
    switch (piece[0]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += piece;
    }
  });
}

}  // namespace latchkey
