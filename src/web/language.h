#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "web/page_files.h"

namespace latchkey::web {

/// The texts of all pages in one language: lang/<tag>.toml. Immutable.
class Language {
 public:
  /// Throws `BadTemplate`, naming file and key: for what is no TOML, no text, has markup in it, or has a
  /// placeholder that is no `{name}`.
  Language(std::string tag, const TemplateSource& file);

  const std::string& tag() const { return tag_; }                  ///< such as `en`, as BCP 47 writes it
  std::string_view name() const { return find("language.name"); }  ///< as people write it who speak it
  std::string_view direction() const { return find("language.direction"); }  ///< `ltr` or `rtl`

  /// The text of that key; empty when there is none.
  std::string_view find(std::string_view key) const;
  /// The text of a key, or the text itself: a row of a page says `@sign_in.title`, or what it means in
  /// English. Throws `BadTemplate` for a key that no text has.
  std::string_view resolve(std::string_view text) const;

  /// The text of a key with `values` in the place of its placeholders.
  using Value = std::pair<std::string_view, std::string_view>;
  std::string fill(std::string_view key, std::span<const Value> values) const;

  /// A template with the texts of this language in the place of `{{@key}}` and `{{@attribute key}}`. A
  /// placeholder `{name}` of the text becomes `{{name}}`, which the page's handler sets. In `{{@key}}`, which
  /// is for what stands between tags, it also gets a `<bdi>`, so that a name of the other direction does not
  /// turn the sentence around.
  TemplateSource apply(TemplateSource source) const;

  const std::map<std::string, std::string, std::less<>>& texts() const { return texts_; }

 private:
  std::string tag_;
  std::map<std::string, std::string, std::less<>> texts_;
};

/// The names in the placeholders of a text, sorted.
std::vector<std::string> placeholders_of(std::string_view text);

/// All languages that there are files for. Immutable.
class Languages {
 public:
  /// The language in which everything was written first: each of the others has its keys and placeholders.
  static constexpr std::string_view first = "en";

  /// Reads lang/*.toml. Throws `BadTemplate`, naming file and key: as `Language` does, and for a text that is
  /// missing, is one too many, or has other placeholders than English.
  explicit Languages(PageFiles& files);

  /// The place of the language that a request gets: the one that it asks for (`?lang=`), that its cookie has,
  /// that its account has chosen, that its browser prefers; English otherwise.
  std::size_t choose(const http::Request& request) const;
  /// The language that a request asks for by `?lang=`, to be remembered in a cookie; nullptr for none.
  const Language* asked_for(const http::Request& request) const;

  const Language& operator[](std::size_t place) const { return all_[place]; }
  std::size_t size() const { return all_.size(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

  /// What remembers the choice.
  static constexpr std::string_view cookie = "__Host-latchkey-lang";

 private:
  std::size_t find(std::string_view tag) const;

  std::vector<Language> all_;  ///< English first, the others by their tags
  std::vector<std::string_view> tags_;
};

}  // namespace latchkey::web
