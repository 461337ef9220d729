#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/template.h"
#include "base/time.h"
#include "mail/message.h"
#include "mail/mime.h"

namespace latchkey::mail {

/// The templates of every message: `<message>/subject.txt`, `body.txt` and `body.html` in English, and those
/// of other languages in `<message>/<language tag>/`. Any thread may render.
class Templates {
 public:
  /// Each file for itself is that of `folder`, where `folder` is not empty and has it, else the one that is
  /// built in. A language is there when it has one file or more; the files that it lacks are those of
  /// English. A byte order mark is taken off. Everything is read and tried once. Throws `BadTemplate` with
  /// the file and what is wrong with it, such as a body without the link, or a file that is no template. What
  /// `messages` refer to must outlive this.
  explicit Templates(std::span<const Message> messages, const std::filesystem::path& folder = {});

  /// The row of that name; null where no feature has one.
  const Message* find(std::string_view message) const;

  /// In the language of `locale`, such as `de-AT`, else in that of its first parts (`de`), else in English.
  /// Nothing of `values` can add a line to the subject, a tag to the HTML, or an address to anything. Throws
  /// `BadTemplate` when there is no such message.
  Content render(std::string_view message, std::string_view locale, const Values& values) const;

  /// A moment as a mail in that language says it: `31 January 2026, 08:00 UTC` in English.
  std::string format_moment(std::string_view message, std::string_view locale, Timestamp at) const;

 private:
  struct Texts {
    Template subject;
    Template text;
    Template html;
  };
  struct Entry {
    const Message* row;
    std::map<std::string, Texts, std::less<>> languages;  ///< by tag in lower case; "" is English
  };
  using Language = std::map<std::string, Texts, std::less<>>::const_reference;
  Language find_language(std::string_view message, std::string_view locale) const;

  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace latchkey::mail
