#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/template.h"

namespace latchkey::mail {

inline constexpr std::array<std::string_view, 3> template_names{"subject.txt", "body.txt", "body.html"};

/// The files under templates/mail/ that the build put into the program, and those of the operator's folder
/// over them.
class TemplateFiles {
 public:
  /// Throws `BadTemplate` when `folder` is neither empty nor a folder.
  TemplateFiles(std::filesystem::path folder, std::span<const std::string_view> messages);

  /// The file `<message>/<language>/<file>`; an empty language is English. Throws `BadTemplate` when English
  /// has no such file, or the operator's can not be read.
  TemplateSource read(std::string_view message, const std::string& language, std::string_view file) const;

  /// What `{{>name}}` stands for in the HTML of any message: the file `<name>.html` for that language, in
  /// English otherwise; nothing when there is none. Those built in are `frame/head`, `frame/open` and
  /// `frame/foot`.
  std::optional<TemplateSource> find_part(const std::string& language, std::string_view name) const;

  /// The languages beside English that a message has a file in, as its folders are named. Throws
  /// `BadTemplate` for a file of the operator's that is no template.
  std::set<std::string> list_languages(std::string_view message) const;

 private:
  std::optional<TemplateSource> find(const std::string& path) const;

  std::filesystem::path folder_;
};

}  // namespace latchkey::mail
