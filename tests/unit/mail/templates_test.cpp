#include "mail/templates.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace latchkey::mail {
namespace {

constexpr Timestamp eight_o_clock{Microseconds{1'769'846'400'000'000}};  // 2026-01-31T08:00:00Z
constexpr std::string_view confirm = "https://login.example.com/api/auth/confirmed_email/a.b-c.d_e";
constexpr std::string_view reject = "https://login.example.com/api/auth/rejected_email/a.b-c.d_e";

mail::MailContent render(const mail::MailTemplates& templates, std::string_view username) {
  return templates.render(mail::confirmation_message, {.username = username,
                                                       .confirm_url = confirm,
                                                       .reject_url = reject,
                                                       .expires_at = eight_o_clock,
                                                       .service = "login.example.com"});
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latchkey-templates-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
    std::filesystem::create_directories(path_ / "confirmation");
    write("subject.txt", "Welcome to {{service}}\n");
    write("body.txt", "Open {{confirm_url}}\n");
    write("body.html", "<a href=\"{{confirm_url}}\">{{username}}</a>\n");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / "confirmation" / name, std::ios::binary) << text;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(MailTemplates, TheConfirmationMailSaysEverything) {
  const mail::MailTemplates templates;
  EXPECT_TRUE(templates.has("confirmation"));
  EXPECT_FALSE(templates.has("password_reset"));
  const mail::MailContent mail = render(templates, "Zoë Ångström");
  EXPECT_EQ(mail.subject, "Confirm your e-mail address for login.example.com");
  for (const auto& part :
       {std::string_view("Zoë Ångström"), confirm, reject, std::string_view("31 January 2026, 08:00 UTC"),
        std::string_view("login.example.com")}) {
    EXPECT_TRUE(has(mail.text, part)) << part;
    EXPECT_TRUE(has(mail.html, part)) << part;
  }
  EXPECT_TRUE(has(mail.text, "\n" + std::string(confirm) + "\n")) << "the link stands alone on its line";
  EXPECT_FALSE(has(mail.html, "src=")) << "nothing is loaded from anywhere";
}

TEST(MailTemplates, M02J12S14UserNamesAreInert) {
  const mail::MailTemplates templates;
  const struct {
    const char* name;
    const char* text;
    const char* html;
  } cases[] = {
      {"<a href=evil>x</a>", "<a href=evil>x</a>", "&lt;a href=evil&gt;x&lt;/a&gt;"},
      {"\"><img src=x>", "\"><img src=x>", "&quot;&gt;&lt;img src=x&gt;"},
      {"{{7*7}}", "{{7*7}}", "{{7*7}}"},
      {"{{confirm_url}}", "User name: {{confirm_url}}", "<bdi>{{confirm_url}}</bdi>"},
      {"{{{service}}}", "{{{service}}}", "{{{service}}}"},
      {"%n%s%x ${jndi:x}", "%n%s%x ${jndi:x}", "%n%s%x ${jndi:x}"},
      {"a\u202Enimda", "a\uFFFDnimda", "a\uFFFDnimda"},
      {"a\r\nBcc: x@y.org", "a\uFFFD\uFFFDBcc: x@y.org", "a\uFFFD\uFFFDBcc: x@y.org"},
      {"a\u2028b\u2029c\u0085d", "a\uFFFDb\uFFFDc\uFFFDd", "a\uFFFDb\uFFFDc\uFFFDd"},
      {"a\u2066b\u2069\u200Fc", "a\uFFFDb\uFFFD\uFFFDc", "a\uFFFDb\uFFFD\uFFFDc"},
      {"\x1b[31mred", "\uFFFD[31mred", "\uFFFD[31mred"},
      {"bad\xffutf8", "bad\uFFFDutf8", "bad\uFFFDutf8"},
  };
  for (const auto& [name, text, html] : cases) {
    const mail::MailContent mail = render(templates, name);
    EXPECT_TRUE(has(mail.text, text)) << mail.text;
    EXPECT_TRUE(has(mail.html, html)) << mail.html;
    EXPECT_FALSE(has(mail.subject, "\n"));
  }
}

TEST(MailTemplates, AFolderReplacesThoseBuiltIn) {
  const Folder folder;
  const mail::MailContent mail = render(mail::MailTemplates(folder.path()), "<b>");
  EXPECT_EQ(mail.subject, "Welcome to login.example.com");
  EXPECT_EQ(mail.text, "Open " + std::string(confirm) + "\n");
  EXPECT_EQ(mail.html, "<a href=\"" + std::string(confirm) + "\">&lt;b&gt;</a>\n");
}

TEST(MailTemplates, ABadFolderIsRefusedAtStartWithTheFile) {
  const struct {
    const char* file;
    const char* text;
    const char* says;
  } cases[] = {
      {"body.txt", "no link", "confirm_url"},
      {"body.html", "<p>no link</p>", "confirm_url"},
      {"body.html", "{{confirm_url}}\n{{{username}}}", "line 2"},
      {"body.html", "{{confirm_url}} {{&username}}", "escaped"},
      {"body.html", "{{confirm_url}} {{ & username}}", "escaped"},
      {"body.html", "{{confirm_url}} {{=<% %>=}}", "delimiters"},
      {"body.html", "{{confirm_url}} {{>/etc/passwd}}", "include"},
      {"body.txt", "{{confirm_url}} {{usrname}}", "username"},
      {"body.txt", "{{confirm_url}} {{username", "closed"},
      {"body.txt", "{{confirm_url}} {{", "closed"},
      {"body.txt", "{{confirm_url}} {{}}", "name"},
      {"body.txt", "{{confirm_url}} {{#username}}", "username"},
      {"body.txt", "{{confirm_url}} {{/username}}", "username"},
      {"body.txt", "{{confirm_url}} \xff", "UTF-8"},
      {"subject.txt", "a\nb", "one line"},
      {"subject.txt", " \n", "empty"},
  };
  for (const auto& [file, text, says] : cases) {
    const Folder folder;
    folder.write(file, text);
    try {
      const mail::MailTemplates refused(folder.path());
      ADD_FAILURE() << text;
    } catch (const BadTemplate& error) {
      EXPECT_TRUE(has(error.what(), file)) << error.what();
      EXPECT_TRUE(has(error.what(), says)) << error.what();
    }
  }
  const Folder folder;
  std::filesystem::remove(folder.path() / "confirmation" / "body.html");
  EXPECT_THROW(mail::MailTemplates{folder.path()}, BadTemplate);
  folder.write("body.html", "{{confirm_url}}" + std::string(300 * 1024, 'x'));
  EXPECT_THROW(mail::MailTemplates{folder.path()}, BadTemplate);
  EXPECT_THROW(mail::MailTemplates{folder.path() / "nowhere"}, BadTemplate);
}

}  // namespace
}  // namespace latchkey::mail
