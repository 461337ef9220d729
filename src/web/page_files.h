#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/template.h"

namespace latchkey::web {

/// The files that pages are made of: those built in (templates/pages/), each replaced by the operator's file
/// of the same path where there is one. Read once; used only while the pages are made.
class PageFiles {
 public:
  /// Reads `folder`, unless it is empty. Looks at `.html`, `.css` and `.js` files, and at none whose name
  /// begins with a dot. Throws `BadTemplate` with the file for one that can not be read, is not UTF-8, or is
  /// longer than 256 KiB, and for a folder that can not be read.
  explicit PageFiles(const std::filesystem::path& folder);

  /// The file, and the name that complaints about it begin with. Nothing when there is none.
  std::optional<TemplateSource> find(const std::string& path);

  /// The paths that begin with `folder`, sorted.
  std::vector<std::string> list(std::string_view folder) const;

  /// Throws `BadTemplate` for a file of the operator that nobody asked for: a mistyped name would go
  /// unnoticed.
  void refuse_unused() const;

 private:
  std::map<std::string, TemplateSource> files_;
  std::set<std::string> unused_;  ///< paths of the operator's files
};

}  // namespace latchkey::web
