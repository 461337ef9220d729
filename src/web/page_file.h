#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string_view>

/// How a feature describes a page: the rows of Feature::pages. The words stand in the template, the rest
/// here.
namespace latchkey::web {

/// What a field takes: its keyboard, and whether what was typed may be shown again.
enum class FieldKind : std::uint8_t {
  text,
  words,  ///< a code of letters: shown never again, typed on the whole keyboard
  email,
  password,  ///< never put into a page again
  code,      ///< digits of a mail or an authenticator; never put into a page again
  hidden,    ///< nobody types into it
};

enum class Access : std::uint8_t { typed, read_only };

/// One field of a form. In the template, `{{#name}}{{>form/field}}{{/name}}` is the whole of it: label, hint,
/// error and input, tied together for screen readers.
struct Field {
  std::string_view name;   ///< in the body of the request, and of its section in the template
  std::string_view id;     ///< in the page; password managers look at it
  std::string_view label;  ///< in the catalogue of the languages: `@field.email`
  std::string_view hint{};
  FieldKind kind = FieldKind::text;
  std::string_view autocomplete = "off";  ///< of HTML's tokens
  Access access = Access::typed;
};

/// A short list of names.
class Names {
 public:
  constexpr Names() = default;
  constexpr Names(std::initializer_list<std::string_view> names) {  // NOLINT(google-explicit-constructor)
    if (names.size() > names_.size()) throw std::logic_error("make room for more names");
    for (const auto name : names) names_[count_++] = name;
  }
  constexpr const std::string_view* begin() const { return names_.data(); }
  constexpr const std::string_view* end() const { return names_.data() + count_; }

 private:
  std::array<std::string_view, 24> names_{};
  std::size_t count_ = 0;
};

/// One page.
struct PageFile {
  std::string_view file;   ///< under templates/pages/, such as "confirmation/confirm.html"
  std::string_view title;  ///< in the catalogue of the languages: `@sign_in.title`
  Names variables{};  ///< that its handler sets; those of a list are written `list.value` (base/template.h)
  std::span<const Field> fields{};          ///< of its form
  std::string_view layout = "layout.html";  ///< what stands around it, at `{{>content}}`
  std::string_view style{};                 ///< a sheet of its own, of templates/pages/assets/
  std::string_view script{};                ///< a module of its own, of the same folder
  std::string_view section{};               ///< of the pages of an account: where the bar says one is
};

}  // namespace latchkey::web
