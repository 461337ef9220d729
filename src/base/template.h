#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/inert_text.h"
#include "base/template_values.h"

namespace latchkey {

/// What a template is for, and so how a value is made inert when it is put in.
enum class Markup : std::uint8_t {
  html,  ///< `& < > " '` become character references
  text,  ///< as it is
};

/// A template that can not be used; the text says which one and why.
class BadTemplate : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The text of a template, and the name that complaints about it begin with.
struct TemplateSource {
  std::string name;
  std::string text;
};

/// Finds what `{{>name}}` stands for; nothing when there is no such template.
using Partials = std::function<std::optional<TemplateSource>(std::string_view name)>;

/// A text with `{{name}}` in it: Mustache without its ways around escaping. A value that is put in is never
/// read as a template again, and always passes `make_inert` and the escaping of the markup.
///
///   {{name}}                  a text
///   {{#name}}…{{/name}}       when the text is not empty; of a list, once for each of its items
///   {{^name}}…{{/name}}       when the text, or the list, is empty
///   {{>name}}                 another template of the same set, in its place
///   {{! a comment }}
///
/// A line that holds nothing but a section, comment or partial tag leaves no empty line behind.
///
/// Everything is read once, when the template is made; it does not change afterwards, so any number of
/// threads may render it at once without waiting for each other.
class Template {
 public:
  /// `variables` are all names that there are. A list is declared by the names of its items' values, each
  /// written `list.value`; inside `{{#list}}` the template writes `{{value}}`.
  ///
  /// Throws `BadTemplate`, naming template and line: for text that is not UTF-8, a tag or a section that is
  /// not closed, a name that is not declared, a template that includes itself, more than 16 levels or 1 MiB
  /// of included templates (a template that is included twice counts twice), and everything that would let a
  /// value out unescaped: `{{{x}}}`, `{{&x}}`, `{{=…=}}`. Without `partials` no template includes another.
  Template(std::string_view name, std::string_view text, Markup markup,
           std::span<const std::string_view> variables, const Partials& partials = {});

  /// A variable that is not among `values` counts as empty.
  std::string render(const TemplateValues& values) const;

 private:
  friend class TemplateReader;

  enum class Kind : std::uint8_t { text, value, when, unless, each, unless_any };
  struct Node {
    Kind kind;
    std::string text;       ///< as it stands, or the name of the value
    std::size_t level = 0;  ///< how many lists stand around the one that has the value
    std::size_t end = 0;    ///< of a section: the index behind its last node
  };
  using Scopes = std::vector<const TemplateValues*>;

  void render_range(std::string& out, Scopes& scopes, std::size_t begin, std::size_t end) const;

  std::vector<Node> nodes_;
  Markup markup_;
};

}  // namespace latchkey
