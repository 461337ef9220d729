#include "base/template.h"

#include "base/template_reader.h"

namespace latchkey {

Template::Template(std::string_view name, std::string_view text, Markup markup,
                   std::span<const std::string_view> variables, const Partials& partials)
    : markup_(markup) {
  TemplateReader(nodes_, variables, partials).read({std::string(name), std::string(text)});
}

std::string Template::render(const TemplateValues& values) const {
  std::string out;
  Scopes scopes{&values};
  render_range(out, scopes, 0, nodes_.size());
  return out;
}

void Template::render_range(std::string& out, Scopes& scopes, std::size_t begin, std::size_t end) const {
  for (std::size_t i = begin; i < end; ++i) {
    const Node& node = nodes_[i];
    if (node.kind == Kind::text) {
      out += node.text;
      continue;
    }
    const TemplateValues& scope = *scopes[node.level];
    if (node.kind == Kind::value) {
      if (markup_ == Markup::html) {
        append_html(out, scope.text(node.text));
      } else {
        append_inert(out, scope.text(node.text));
      }
      continue;
    }
    if (node.kind == Kind::each) {
      for (const TemplateValues& item : scope.list(node.text)) {
        scopes.push_back(&item);
        render_range(out, scopes, i + 1, node.end);
        scopes.pop_back();
      }
    } else if (node.kind == Kind::unless_any) {
      if (scope.list(node.text).empty()) render_range(out, scopes, i + 1, node.end);
    } else if (scope.text(node.text).empty() == (node.kind == Kind::unless)) {
      render_range(out, scopes, i + 1, node.end);
    }
    i = node.end - 1;
  }
}

}  // namespace latchkey
