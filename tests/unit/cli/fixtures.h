#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "app/cli/console.h"

namespace latchkey::app::cli {

/// Keeps what is written.
class TextConsole final : public Console {
 public:
  void out(std::string_view text) override { written += text; }
  void err(std::string_view text) override { complaints += text; }
  std::string written;
  std::string complaints;
};

/// A directory of its own, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latchkey-cli-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace latchkey::app::cli
