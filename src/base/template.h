#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

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

struct TemplateValue {
  std::string_view name;
  std::string_view value;
};

/// A text with `{{name}}` in it (Mustache, without its ways around escaping). A value that is put in is never
/// read as a template again, and always passes `make_inert` and the escaping of the markup.
///
/// Any thread may render; two that render the same template at once wait for each other.
class Template {
 public:
  /// Throws `BadTemplate`, naming `name`: for a tag that is not closed, one whose name is not in `variables`,
  /// and everything that would let a value out unescaped or read other files: `{{{x}}}`, `{{&x}}`, `{{=…=}}`,
  /// `{{>x}}`. Sections (`{{#x}}…{{/x}}`, `{{^x}}`) are there when the value is, or is not, empty.
  Template(std::string_view name, std::string_view text, Markup markup,
           std::span<const std::string_view> variables);
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  /// A variable that is not among `values` counts as empty.
  std::string render(std::span<const TemplateValue> values) const;
  std::string render(std::initializer_list<TemplateValue> values) const {
    return render(std::span(values.begin(), values.size()));
  }

 private:
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
};

/// The text with everything that could rearrange, hide or forge what stands around it shown as U+FFFD
/// instead: control characters, line and paragraph separators, marks that change the direction of writing,
/// invisible characters that no script needs, and bytes that are not UTF-8. For names that strangers chose.
std::string make_inert(std::string_view text);

/// `make_inert`, and the five characters of HTML as references; for element content and quoted attributes.
void append_html(std::string& out, std::string_view text);

}  // namespace latchkey
