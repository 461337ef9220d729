#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/id.h"
#include "crypto/random.h"
#include "http/message.h"

namespace latchkey::web::test {

inline bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// A request for that target; a request can not be copied.
struct RequestFor : http::Request {
  explicit RequestFor(std::string_view asked_for) {
    target = asked_for;
    request_id = "0123456789abcdef";
  }
};

/// The operator's folder of templates; gone with the object.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("latchkey-pages-" + to_string(crypto::new_link_id()))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& file, std::string_view text) const {
    std::filesystem::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file, std::ios::binary) << text;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace latchkey::web::test
