#include "web/page_files.h"

#include <fstream>
#include <span>

#include "base/embedded_file.h"
#include "base/unicode.h"

namespace latchkey::web {

/// Made by the build from templates/pages/.
extern const std::span<const EmbeddedFile> page_template_files;

namespace {

constexpr std::size_t max_file = 256 * 1024;

bool is_ours(const std::filesystem::path& path) {
  const auto extension = path.extension();
  return extension == ".html" || extension == ".css" || extension == ".js" || extension == ".toml";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(max_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) throw BadTemplate(path.string() + ": cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > max_file) throw BadTemplate(path.string() + ": is longer than 256 KiB");
  if (!is_valid_utf8(text)) throw BadTemplate(path.string() + ": is not UTF-8");
  return std::string(without_byte_order_mark(text));
}

}  // namespace

PageFiles::PageFiles(const std::filesystem::path& folder) {
  for (const EmbeddedFile& file : page_template_files) {
    const std::string path(file.path);
    files_[path] = {"templates/pages/" + path, std::string(file.body)};
  }
  if (folder.empty()) return;
  std::error_code failed;
  std::filesystem::recursive_directory_iterator entries(folder, failed);
  for (; !failed && entries != std::filesystem::recursive_directory_iterator(); entries.increment(failed)) {
    if (entries->path().filename().string().starts_with('.')) {
      entries.disable_recursion_pending();
    } else if (entries->is_regular_file() && is_ours(entries->path())) {
      const std::string path = entries->path().lexically_relative(folder).generic_string();
      files_[path] = {entries->path().string(), read_file(entries->path())};
      unused_.insert(path);
    }
  }
  if (failed) throw BadTemplate(folder.string() + ": cannot be read: " + failed.message());
}

std::optional<TemplateSource> PageFiles::find(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end()) return std::nullopt;
  unused_.erase(path);
  return found->second;
}

std::vector<std::string> PageFiles::list(std::string_view folder) const {
  std::vector<std::string> paths;
  for (const auto& [path, source] : files_) {
    if (path.starts_with(folder)) paths.push_back(path);
  }
  return paths;
}

void PageFiles::refuse_unused() const {
  if (unused_.empty()) return;
  throw BadTemplate(files_.at(*unused_.begin()).name + ": no page uses this file; is its name right?");
}

}  // namespace latchkey::web
