#include "mail/template_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <span>

#include "base/embedded_file.h"
#include "base/unicode.h"

namespace latchkey::mail {

/// Made by the build from templates/mail/.
extern const std::span<const EmbeddedFile> mail_template_files;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_file = 256 * 1024;
/// What all messages share.
constexpr std::string_view frame_folder = "frame";

std::string read_file(const fs::path& path) {
  // Only a regular file comes to an end: reading a named pipe would wait for its writer.
  std::error_code error;
  if (!fs::is_regular_file(path, error)) throw BadTemplate(path.string() + ": cannot be read: it is no file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw BadTemplate(path.string() + ": cannot be read");
  std::string text(max_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw BadTemplate(path.string() + ": cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > max_file) throw BadTemplate(path.string() + ": is longer than 256 KiB");
  return std::string(without_byte_order_mark(text));
}

std::string path_of(std::string_view message, std::string_view language, std::string_view file) {
  return language.empty() ? fmt::format("{}/{}", message, file)
                          : fmt::format("{}/{}/{}", message, language, file);
}

bool is_template_name(std::string_view name) {
  return std::ranges::find(template_names, name) != template_names.end();
}

/// Of the form that a language tag has (RFC 5646 §2.1), in any case.
bool is_language_tag(std::string_view name) {
  const auto is_part = [](std::string_view part) {
    return !part.empty() && part.size() <= 8 && std::ranges::all_of(part, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
  };
  for (;;) {
    const auto hyphen = name.find('-');
    if (!is_part(name.substr(0, hyphen))) return false;
    if (hyphen == std::string_view::npos) return true;
    name.remove_prefix(hyphen + 1);
  }
}

/// A misspelt file would silently leave the built-in one in its place. Other files, such as an editor's, may
/// be there.
void refuse_misspelt(const fs::path& file) {
  const std::string name = file.filename().string();
  if (is_template_name(name) || (file.extension() != ".txt" && file.extension() != ".html")) return;
  throw BadTemplate(fmt::format("{}: is not a template; the templates are {}", file.string(),
                                fmt::join(template_names, ", ")));
}

/// Whether the folder or one for a language in it has a template.
bool has_templates(const fs::path& folder) {
  std::error_code error;
  return std::ranges::any_of(
      fs::recursive_directory_iterator(folder, error),
      [](const fs::directory_entry& entry) { return is_template_name(entry.path().filename().string()); });
}

/// Whether the folder has a template.
bool check_folder(const fs::path& folder) {
  bool has_template = false;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::error_code error;
    if (entry.is_directory(error)) continue;
    refuse_misspelt(entry.path());
    has_template = has_template || is_template_name(entry.path().filename().string());
  }
  return has_template;
}

}  // namespace

TemplateFiles::TemplateFiles(fs::path folder, std::span<const std::string_view> messages)
    : folder_(std::move(folder)) {
  if (folder_.empty()) return;
  std::error_code error;
  if (!fs::is_directory(folder_, error)) throw BadTemplate(folder_.string() + ": is not a folder");
  // A misspelt folder would silently leave the built-in texts in its place.
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory(error) || std::ranges::find(messages, name) != messages.end()) continue;
    if (!has_templates(entry.path())) continue;
    throw BadTemplate(fmt::format("{}: is the name of no message; the messages are {}", entry.path().string(),
                                  fmt::join(messages, ", ")));
  }
}

std::optional<TemplateSource> TemplateFiles::find(const std::string& path) const {
  const auto own = folder_ / path;
  // What is there and can not be read is refused, not passed over: so not `exists`, which follows links.
  if (!folder_.empty() && fs::symlink_status(own).type() != fs::file_type::not_found)
    return TemplateSource{own.string(), read_file(own)};
  const auto built_in = std::ranges::find(mail_template_files, path, &EmbeddedFile::path);
  if (built_in == mail_template_files.end()) return std::nullopt;
  return TemplateSource{"templates/mail/" + path, std::string(built_in->body)};
}

TemplateSource TemplateFiles::read(std::string_view message, const std::string& language,
                                   std::string_view file) const {
  if (!language.empty()) {
    if (auto source = find(path_of(message, language, file))) return *std::move(source);
  }
  const std::string path = path_of(message, "", file);
  if (auto source = find(path)) return *std::move(source);
  throw BadTemplate("templates/mail/" + path + ": is not built in");
}

std::optional<TemplateSource> TemplateFiles::find_part(const std::string& language,
                                                       std::string_view name) const {
  if (!name.starts_with(frame_folder) || name.substr(frame_folder.size(), 1) != "/") return std::nullopt;
  const std::string_view part = name.substr(frame_folder.size() + 1);
  if (part.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string_view::npos) return std::nullopt;
  const std::string file = std::string(part) + ".html";
  if (!language.empty()) {
    if (auto source = find(path_of(frame_folder, language, file))) return source;
  }
  return find(path_of(frame_folder, "", file));
}

std::set<std::string> TemplateFiles::list_languages(std::string_view message) const {
  std::set<std::string> languages;
  for (const EmbeddedFile& file : mail_template_files) {
    if (!file.path.starts_with(message) || file.path.substr(message.size(), 1) != "/") continue;
    const std::string_view rest = file.path.substr(message.size() + 1);
    if (const auto slash = rest.find('/'); slash != std::string_view::npos)
      languages.emplace(rest.substr(0, slash));
  }
  const auto own = folder_ / message;
  if (folder_.empty() || !fs::is_directory(own)) return languages;
  check_folder(own);
  for (const auto& entry : fs::directory_iterator(own)) {
    std::error_code error;
    if (!entry.is_directory(error) || !check_folder(entry.path())) continue;
    const std::string language = entry.path().filename().string();
    if (!is_language_tag(language))
      throw BadTemplate(entry.path().string() + ": is not named after a language, such as de or pt-BR");
    languages.insert(language);
  }
  return languages;
}

}  // namespace latchkey::mail
