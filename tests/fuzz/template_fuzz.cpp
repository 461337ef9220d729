// A template of the operator, and the values that are put into it: a template is used or refused with its
// line; a value never brings a tag, and is never read as a template.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/template.h"
#include "base/unicode.h"
#include "fuzz/require.h"

using namespace latchkey;

namespace {

std::optional<Template> read(std::string_view text, Markup markup) {
  static const std::vector<std::string_view> names{"a", "b", "list.c"};
  static const Partials partials = [](std::string_view name) -> std::optional<TemplateSource> {
    if (name == "p") return TemplateSource{"p", "<{{a}}>\n"};
    if (name == "q") return TemplateSource{"q", "{{>p}}{{#list}}{{c}}{{/list}}"};
    return std::nullopt;
  };
  try {
    return Template("t", text, markup, names, partials);
  } catch (const BadTemplate& refused) {
    require(std::string_view(refused.what()).starts_with("t"));
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = std::min(all.find('\0'), all.size());
  const std::string_view text = all.substr(0, cut);
  const std::string_view value = all.substr(std::min(cut + 1, all.size()));
  TemplateValues item{{"c", value}};
  TemplateValues values{{"a", value}};
  values.set("list", std::vector<TemplateValues>{item, item});
  for (const Markup markup : {Markup::html, Markup::text})
    if (const auto made = read(text, markup)) require(is_valid_utf8(made->render(values)));
  static const Template frame = *read("[{{a}}]", Markup::html);
  const std::string shown = frame.render(values);
  require(is_valid_utf8(shown) && shown.starts_with('[') && shown.ends_with(']'));
  require(shown.find_first_of("<>\"'") == std::string::npos);
  return 0;
}
