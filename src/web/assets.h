#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "web/page_files.h"

namespace latchkey::web {

/// Style sheets and scripts: the files of templates/pages/assets/, served under names that carry a hash of
/// their content, so that browsers may keep them for ever. It does not change after construction; any thread
/// may read.
class Assets {
 public:
  explicit Assets(PageFiles& files);

  /// Where a page finds the file, relative to the root: `assets/latchkey.0123456789abcdef.css`. Throws
  /// `BadTemplate` when there is no such file.
  std::string path_of(std::string_view file) const;

  /// What `GET /assets/{name}` answers. While two versions of the program run side by side, a page of one may
  /// ask the other for its file: a hash of another version gets ours, which nobody may keep. Nothing for a
  /// name that no file has.
  std::optional<http::Response> find(std::string_view name) const;

 private:
  struct Asset {
    std::string hash;
    std::string text;
    std::string_view type;
  };
  std::map<std::string, Asset, std::less<>> assets_;  ///< by file name
};

}  // namespace latchkey::web
