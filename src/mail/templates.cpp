#include "mail/templates.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <span>

#include "base/embedded_file.h"
#include "base/unicode.h"

namespace latchkey::mail {

/// Made by the build from templates/mail/.
extern const std::span<const EmbeddedFile> mail_template_files;

namespace {

constexpr std::array messages{confirmation_message};
constexpr std::array<std::string_view, 5> variables{"username", "confirm_url", "reject_url", "expires_at",
                                                    "service"};
constexpr std::size_t max_file = 256 * 1024;

struct Source {
  std::string name;
  std::string text;
};

Source read_embedded(const std::string& path) {
  const auto file = std::ranges::find(mail_template_files, path, &EmbeddedFile::path);
  if (file == mail_template_files.end()) throw BadTemplate("templates/mail/" + path + ": is not built in");
  return {"templates/mail/" + path, std::string(file->body)};
}

Source read_from(const std::filesystem::path& folder, const std::string& path) {
  const auto full = folder / path;
  std::ifstream file(full, std::ios::binary);
  if (!file) throw BadTemplate(full.string() + ": can not be read");
  std::string text(max_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw BadTemplate(full.string() + ": can not be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > max_file) throw BadTemplate(full.string() + ": is longer than 256 KiB");
  return {full.string(), std::move(text)};
}

Template parse_subject_line(const Source& source) {
  const std::string_view line = trim(source.text);
  if (line.empty()) throw BadTemplate(source.name + ": is empty");
  if (is_valid_utf8(line) && has_control_characters(line))
    throw BadTemplate(source.name + ": is more than one line");
  return Template(source.name, line, Markup::text, variables);
}

std::string format_moment(Timestamp at) {
  const auto time = fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::floor<Seconds>(at)));
  return fmt::format("{} {:%B %Y, %H:%M} UTC", time.tm_mday, time);
}

Template parse_body(const Source& source, Markup markup) {
  Template body(source.name, source.text, markup, variables);
  constexpr std::string_view probe = "https://probe.example/link";
  if (body.render({{"confirm_url", probe}}).find(probe) == std::string::npos) {
    throw BadTemplate(source.name + ": has no {{confirm_url}}, so nobody could confirm");
  }
  return body;
}

}  // namespace

MailTemplates::MailTemplates(const std::filesystem::path& folder) {
  for (const std::string_view message : messages) {
    const auto read = [&](std::string_view file) {
      const std::string path = fmt::format("{}/{}", message, file);
      return folder.empty() ? read_embedded(path) : read_from(folder, path);
    };
    messages_.emplace(
        message, Message{parse_subject_line(read("subject.txt")), parse_body(read("body.txt"), Markup::text),
                         parse_body(read("body.html"), Markup::html)});
  }
}

MailContent MailTemplates::render(std::string_view message, const MailValues& values) const {
  const auto found = messages_.find(message);
  if (found == messages_.end()) throw BadTemplate("there is no template for this message");
  const std::string expires_at = format_moment(values.expires_at);
  const std::initializer_list<TemplateValue> all{{"username", values.username},
                                                 {"confirm_url", values.confirm_url},
                                                 {"reject_url", values.reject_url},
                                                 {"expires_at", expires_at},
                                                 {"service", values.service}};
  const auto& [subject, text, html] = found->second;
  return {subject.render(all), text.render(all), html.render(all)};
}

}  // namespace latchkey::mail
