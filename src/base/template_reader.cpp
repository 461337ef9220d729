#include "base/template_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/unicode.h"

namespace latchkey {
namespace {

constexpr auto npos = std::string_view::npos;

[[noreturn]] void refuse(const TemplateSource& source, std::size_t at, std::string_view why) {
  const auto line = 1 + std::ranges::count(std::string_view(source.text).substr(0, at), '\n');
  throw BadTemplate(fmt::format("{}, line {}: {}", source.name, line, why));
}

/// What may stand beside a tag that has its line to itself.
constexpr std::string_view blanks_of_line = " \t\r";

// Twenty files that each include the next one twice would otherwise be a million copies of the last. Pages of
// ours include three levels and a few kilobytes.
constexpr std::size_t deepest_inclusion = 16;
constexpr std::size_t most_included_bytes = std::size_t{1} << 20U;

}  // namespace

void TemplateReader::read(const TemplateSource& source) {
  if (!is_valid_utf8(source.text)) throw BadTemplate(source.name + ": is not UTF-8");
  reading_.push_back(source.name);
  std::vector<Open> open;
  const std::string_view text = source.text;
  std::size_t at = 0;
  for (std::size_t begin = text.find("{{"); begin != npos; begin = text.find("{{", at)) {
    Tag tag = next_tag(source, begin);
    if (tag.sigil != ' ') take_line(source, tag);
    // Two tags that each have their line to themselves may meet.
    if (tag.begin > at) add_text(text.substr(at, tag.begin - at));
    at = tag.end;
    switch (tag.sigil) {
      case '#':
      case '^':
        open_section(source, tag, open);
        break;
      case '/':
        close_section(source, tag, open);
        break;
      case '>':
        include(source, tag);
        break;
      case ' ': {
        auto [level, path] = find_name(source, tag);
        if (is_list(path))
          refuse(source, begin, fmt::format("\"{}\" is a list: write {{{{#{}}}}}", tag.name, tag.name));
        out_.push_back({.kind = Kind::value, .text = std::string(tag.name), .level = level});
        break;
      }
      default:;  // a comment
    }
  }
  add_text(text.substr(at));
  if (!open.empty())
    refuse(source, open.back().at,
           fmt::format("{{{{#{0}}}}} is not closed with {{{{/{0}}}}}", open.back().name));
  reading_.pop_back();
}

TemplateReader::Tag TemplateReader::next_tag(const TemplateSource& source, std::size_t begin) const {
  const std::string_view text = source.text;
  const std::size_t end = text.find("}}", begin);
  if (end == npos) refuse(source, begin, "a tag is not closed with }}");
  std::string_view name = trim(text.substr(begin + 2, end - begin - 2));
  if (name.empty()) refuse(source, begin, "a tag has no name");
  char sigil = ' ';
  if (name[0] == '{' || name[0] == '&') refuse(source, begin, "values are always escaped: write {{name}}");
  if (name[0] == '=') refuse(source, begin, "the delimiters cannot be changed");
  if (std::string_view("#^/>!").find(name[0]) != npos) {
    sigil = name[0];
    name = trim(name.substr(1));
  }
  return {.sigil = sigil, .name = name, .begin = begin, .end = end + 2};
}

void TemplateReader::take_line(const TemplateSource& source, Tag& tag) const {
  const std::string_view text = source.text;
  // Looks no further than the blanks go, so that a template of one line costs no more than others.
  const std::size_t before = text.substr(0, tag.begin).find_last_not_of(blanks_of_line);
  if (before != npos && text[before] != '\n') return;
  const std::size_t after = text.find_first_not_of(blanks_of_line, tag.end);
  if (after != npos && text[after] != '\n') return;
  tag.begin = before == npos ? 0 : before + 1;
  tag.end = after == npos ? text.size() : after + 1;
}

void TemplateReader::add_text(std::string_view text) {
  if (text.empty()) return;
  out_.push_back({.kind = Kind::text, .text = std::string(text)});
}

void TemplateReader::open_section(const TemplateSource& source, const Tag& tag, std::vector<Open>& open) {
  auto [level, path] = find_name(source, tag);
  const bool list = is_list(path);
  const Kind kind =
      tag.sigil == '#' ? (list ? Kind::each : Kind::when) : (list ? Kind::unless_any : Kind::unless);
  if (kind == Kind::each) lists_.push_back(path);
  open.push_back({std::string(tag.name), out_.size(), tag.begin});
  out_.push_back({.kind = kind, .text = std::string(tag.name), .level = level});
}

void TemplateReader::close_section(const TemplateSource& source, const Tag& tag, std::vector<Open>& open) {
  if (open.empty() || open.back().name != tag.name) {
    refuse(source, tag.begin, fmt::format("{{{{/{}}}}} closes nothing that is open", make_inert(tag.name)));
  }
  auto& node = out_[open.back().node];
  node.end = out_.size();
  if (node.kind == Kind::each) lists_.pop_back();
  open.pop_back();
}

void TemplateReader::include(const TemplateSource& source, const Tag& tag) {
  if (!partials_) refuse(source, tag.begin, "a template cannot include another");
  auto partial = partials_(tag.name);
  if (!partial.has_value()) {
    refuse(source, tag.begin, fmt::format("there is no template \"{}\"", make_inert(tag.name)));
  }
  if (std::ranges::find(reading_, partial->name) != reading_.end()) {
    refuse(source, tag.begin, fmt::format("{} includes itself", partial->name));
  }
  if (reading_.size() > deepest_inclusion) {
    refuse(source, tag.begin,
           fmt::format("templates include each other more than {} levels deep", deepest_inclusion));
  }
  included_bytes_ += partial->text.size();
  if (included_bytes_ > most_included_bytes) {
    refuse(source, tag.begin,
           fmt::format("the templates that {} includes, each counted as often as it is included, are more "
                       "than {} bytes in all",
                       reading_.front(), most_included_bytes));
  }
  // Its last line break is the file's, not the place's, unless the tag has its line to itself.
  const bool has_own_line = tag.end > 0 && source.text[tag.end - 1] == '\n';
  if (!has_own_line && partial->text.ends_with('\n')) partial->text.pop_back();
  read(*partial);
}

TemplateReader::Name TemplateReader::find_name(const TemplateSource& source, const Tag& tag) const {
  if (tag.name.find('.') == npos && !tag.name.empty()) {
    for (std::size_t level = lists_.size() + 1; level-- > 0;) {
      std::string path = level == 0 ? std::string() : lists_[level - 1] + ".";
      path += tag.name;
      if (is_declared(path) || is_list(path)) return {level, std::move(path)};
    }
  }
  refuse(source, tag.begin,
         fmt::format("there is no value \"{}\"; there are: {}", make_inert(tag.name),
                     fmt::join(variables_, ", ")));
}

bool TemplateReader::is_declared(std::string_view path) const {
  return std::ranges::find(variables_, path) != variables_.end();
}

bool TemplateReader::is_list(std::string_view path) const {
  return std::ranges::any_of(variables_, [&](std::string_view name) {
    return name.size() > path.size() && name.starts_with(path) && name[path.size()] == '.';
  });
}

}  // namespace latchkey
