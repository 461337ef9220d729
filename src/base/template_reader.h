#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/template.h"

namespace latchkey {

/// Reads the text of a template, and of those that it includes, into the template's nodes. Used once, by the
/// constructor of Template, which has its promises.
class TemplateReader {
 public:
  TemplateReader(std::vector<Template::Node>& out, std::span<const std::string_view> variables,
                 const Partials& partials)
      : out_(out), variables_(variables), partials_(partials) {}

  void read(const TemplateSource& source);

 private:
  using Kind = Template::Kind;

  /// A `{{#name}}` that waits for its `{{/name}}`.
  struct Open {
    std::string name;
    std::size_t node;
    std::size_t at;  ///< where its tag stands, for the complaint
  };
  struct Tag {
    char sigil;  ///< one of `# ^ / > !`, or a blank for a value
    std::string_view name;
    std::size_t begin;
    std::size_t end;  ///< behind `}}`, or behind the line that holds nothing else
  };
  struct Name {
    std::size_t level;
    std::string path;  ///< with the lists around it, as it was declared
  };

  Tag next_tag(const TemplateSource& source, std::size_t begin) const;
  void take_line(const TemplateSource& source, Tag& tag) const;
  void add_text(std::string_view text);
  void open_section(const TemplateSource& source, const Tag& tag, std::vector<Open>& open);
  void close_section(const TemplateSource& source, const Tag& tag, std::vector<Open>& open);
  void include(const TemplateSource& source, const Tag& tag);
  Name find_name(const TemplateSource& source, const Tag& tag) const;
  bool is_declared(std::string_view path) const;
  bool is_list(std::string_view path) const;

  std::vector<Template::Node>& out_;
  std::span<const std::string_view> variables_;
  const Partials& partials_;
  std::vector<std::string> lists_;    ///< that the reader is inside of, as they were declared
  std::vector<std::string> reading_;  ///< names of the templates that it is inside of
  std::size_t included_bytes_ = 0;    ///< of all that was included, as often as it was
};

}  // namespace latchkey
