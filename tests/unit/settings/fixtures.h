#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "settings/load.h"

namespace latchkey::settings {

/// A folder that is the working directory as long as it lives.
class WorkingFolder {
 public:
  WorkingFolder() : before_(std::filesystem::current_path()) {
    std::string name = std::filesystem::temp_directory_path() / "latchkey-settings-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
    std::filesystem::current_path(path_);
  }
  WorkingFolder(const WorkingFolder&) = delete;
  WorkingFolder& operator=(const WorkingFolder&) = delete;
  ~WorkingFolder() {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(path_);
  }

  const std::filesystem::path& path() const { return path_; }

  static void write(const std::string& name, std::string_view text, mode_t mode = 0600) {
    std::ofstream(name, std::ios::binary) << text;
    ::chmod(name.c_str(), mode);
  }

 private:
  std::filesystem::path before_;
  std::filesystem::path path_;
};

/// All sentences of a refusal, a line each; "loaded" when there is none.
inline std::string refusal(const boost::system::result<Loaded, Problems>& loaded) {
  if (loaded) return "loaded";
  std::string text;
  for (const std::string& sentence : loaded.error().sentences) text += sentence + '\n';
  return text;
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// 64 digits of a random secret.
inline constexpr std::string_view good_secret =
    "8d1c53b4e0f97a2668435fe0971bd2cc90a7f46ee3585b01d93c2a7ff8140e67";
inline constexpr std::string_view other_secret =
    "f3a90c5d27b8e4416e0d9f8237c15ab0aa6490de7b21f85c3d0e47196c8fb25d";

}  // namespace latchkey::settings
