#include "mail/templates.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace latchkey::mail {
namespace {

constexpr Timestamp eight_o_clock{Microseconds{1'769'846'400'000'000}};  // 2026-01-31T08:00:00Z
constexpr std::string_view confirm = "https://login.example.com/api/auth/confirmed_email/a.b-c.d_e";
constexpr std::string_view reject = "https://login.example.com/api/auth/rejected_email/a.b-c.d_e";

constexpr std::string_view variables[] = {"confirm_url", "reject_url"};
std::optional<Links> make_none(const LinkKeys&, const Mail&) { return std::nullopt; }
constexpr Message template_messages[] = {
    {.name = "confirmation",
     .variables = variables,
     .link = {.purpose = "confirmation", .variable = "confirm_url", .make = make_none}},
};

Content render(const Templates& templates, std::string username, std::string_view locale = "") {
  return templates.render("confirmation", locale,
                          {{"username", std::move(username)},
                           {"confirm_url", std::string(confirm)},
                           {"reject_url", std::string(reject)},
                           {"expires_at", templates.format_moment("confirmation", locale, eight_o_clock)},
                           {"service", "login.example.com"}});
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

TEST(Templates, TheConfirmationMailSaysEverything) {
  const Templates templates(template_messages);
  EXPECT_EQ(templates.find("confirmation"), &template_messages[0]);
  EXPECT_EQ(templates.find("password_reset"), nullptr);
  const Content mail = render(templates, "Zoë Ångström");
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

TEST(Templates, M02J12S14UserNamesAreInert) {
  const Templates templates(template_messages);
  const struct {
    const char* name;
    const char* text;
    const char* html;
  } cases[] = {
      {"<a href=evil>x</a>", "<a href=evil>x</a>", "&lt;a href=evil&gt;x&lt;/a&gt;"},
      {"\"><img src=x>", "\"><img src=x>", "&quot;&gt;&lt;img src=x&gt;"},
      {"{{7*7}}", "{{7*7}}", "{{7*7}}"},
      {"{{confirm_url}}", "Username: {{confirm_url}}", "<bdi>{{confirm_url}}</bdi>"},
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
    const Content mail = render(templates, name);
    EXPECT_TRUE(has(mail.text, text)) << mail.text;
    EXPECT_TRUE(has(mail.html, html)) << mail.html;
    EXPECT_FALSE(has(mail.subject, "\n"));
  }
}

TEST(Templates, AFolderReplacesThoseBuiltIn) {
  const Folder folder;
  const Content mail = render(Templates(template_messages, folder.path()), "<b>");
  EXPECT_EQ(mail.subject, "Welcome to login.example.com");
  EXPECT_EQ(mail.text, "Open " + std::string(confirm) + "\n");
  EXPECT_EQ(mail.html, "<a href=\"" + std::string(confirm) + "\">&lt;b&gt;</a>\n");
}

TEST(Templates, ABadFolderIsRefusedAtStartWithTheFile) {
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
      {"body.html", "{{confirm_url}} {{>/etc/passwd}}", "there is no template"},
      {"body.html", "{{confirm_url}} {{>frame/../confirmation/body}}", "there is no template"},
      {"body.html", "{{confirm_url}} {{>confirmation/body}}", "there is no template"},
      {"body.txt", "{{confirm_url}} {{>frame/head}}", "include"},
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
      const Templates refused(template_messages, folder.path());
      ADD_FAILURE() << text;
    } catch (const BadTemplate& error) {
      EXPECT_TRUE(has(error.what(), file)) << error.what();
      EXPECT_TRUE(has(error.what(), says)) << error.what();
    }
  }
  const Folder folder;
  folder.write("body.html", "{{confirm_url}}" + std::string(300 * 1024, 'x'));
  EXPECT_THROW(Templates(template_messages, folder.path()), BadTemplate);
  EXPECT_THROW(Templates(template_messages, folder.path() / "nowhere"), BadTemplate);
}

TEST(MailTemplates, F08EachFileThatIsMissingIsTheOneBuiltIn) {
  const Templates built_in(template_messages);
  const Content original = render(built_in, "Ada");
  for (const char* only : {"subject.txt", "body.txt", "body.html"}) {
    const Folder folder;
    for (const char* file : {"subject.txt", "body.txt", "body.html"}) {
      if (file != std::string_view(only)) std::filesystem::remove(folder.path() / "confirmation" / file);
    }
    const Content mail = render(Templates(template_messages, folder.path()), "Ada");
    EXPECT_EQ(mail.subject == original.subject, only != std::string_view("subject.txt"));
    EXPECT_EQ(mail.text == original.text, only != std::string_view("body.txt"));
    EXPECT_EQ(mail.html == original.html, only != std::string_view("body.html"));
  }
  const Folder empty;
  std::filesystem::remove_all(empty.path() / "confirmation");
  EXPECT_EQ(render(Templates(template_messages, empty.path()), "Ada").text, original.text);
}

TEST(MailTemplates, WhatAllMessagesShareIsBuiltInAndCanBeReplacedByLanguage) {
  const Folder folder;
  folder.write("body.html",
               "{{>frame/head}}\n<title>x</title>\n{{>frame/open}}\n{{confirm_url}}\n{{>frame/foot}}\n");
  const Content usual = render(Templates(template_messages, folder.path()), "Ada");
  EXPECT_TRUE(usual.html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
  EXPECT_TRUE(has(usual.html, "light dark\">\n<title>x</title>\n</head>\n<body ")) << usual.html;
  EXPECT_TRUE(usual.html.ends_with("</body>\n</html>\n"));

  std::filesystem::create_directories(folder.path() / "frame" / "de");
  std::ofstream(folder.path() / "frame" / "foot.html") << "<p>Our own foot</p>\n";
  std::ofstream(folder.path() / "frame" / "de" / "head.html") << "<html lang=\"de\">\n";
  std::filesystem::create_directory(folder.path() / "confirmation" / "de");
  folder.write("de/body.html", "{{>frame/head}}\n{{confirm_url}}\n{{>frame/foot}}\n");
  const Templates own(template_messages, folder.path());
  EXPECT_TRUE(render(own, "Ada").html.ends_with("<p>Our own foot</p>\n"));
  EXPECT_EQ(render(own, "Ada", "de").html,
            "<html lang=\"de\">\n" + std::string(confirm) + "\n<p>Our own foot</p>\n");
  std::ofstream(folder.path() / "frame" / "foot.html") << "{{{username}}}";
  EXPECT_THROW(Templates(template_messages, folder.path()), BadTemplate);
}

TEST(MailTemplates, WhatIsThereAndCanNotBeReadOrIsMisspeltIsRefused) {
  const auto refused = [](const Folder& folder, std::string_view says) {
    try {
      const Templates templates(template_messages, folder.path());
      ADD_FAILURE() << says;
    } catch (const BadTemplate& error) {
      EXPECT_TRUE(has(error.what(), says)) << error.what();
    }
  };
  const Folder dangling;
  std::filesystem::remove(dangling.path() / "confirmation" / "body.txt");
  std::filesystem::create_symlink("nowhere", dangling.path() / "confirmation" / "body.txt");
  refused(dangling, "body.txt: cannot be read");
  const Folder misspelt;
  misspelt.write("Subject.txt", "x");
  refused(misspelt, "Subject.txt: is not a template; the templates are subject.txt, body.txt, body.html");
  const Folder of_language;
  std::filesystem::create_directory(of_language.path() / "confirmation" / "de");
  of_language.write("de/betreff.txt", "x");
  refused(of_language, "betreff.txt");
  const Folder with_others;
  with_others.write("body.txt~", "an editor's");
  with_others.write("README.md", "about");
  EXPECT_NO_THROW(Templates(template_messages, with_others.path()));
}

TEST(MailTemplates, F18AByteOrderMarkIsTakenOff) {
  const Folder folder;
  for (const char* file : {"subject.txt", "body.txt", "body.html"}) {
    std::ifstream in(folder.path() / "confirmation" / file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    folder.write(file, "\xEF\xBB\xBF" + text);
  }
  const Folder plain;
  const Content marked = render(Templates(template_messages, folder.path()), "Ada");
  const Content expected = render(Templates(template_messages, plain.path()), "Ada");
  EXPECT_EQ(marked.subject, expected.subject);
  EXPECT_EQ(marked.text, expected.text);
  EXPECT_EQ(marked.html, expected.html);
}

TEST(MailTemplates, LanguagesFallBackToTheirFirstPartAndThenToEnglish) {
  const Folder folder;
  std::filesystem::create_directory(folder.path() / "confirmation" / "de");
  std::filesystem::create_directory(folder.path() / "confirmation" / "pt-BR");
  folder.write("de/subject.txt", "Willkommen bei {{service}}");
  folder.write("de/body.txt", "Bis {{expires_at}}: {{confirm_url}}");
  folder.write("pt-BR/subject.txt", "Bem-vindo");
  const Templates templates(template_messages, folder.path());
  for (const char* locale : {"de", "DE", "de-AT", "de-Latn-AT"}) {
    const Content german = render(templates, "Ada", locale);
    EXPECT_EQ(german.subject, "Willkommen bei login.example.com") << locale;
    EXPECT_EQ(german.text, "Bis 2026-01-31 08:00 UTC: " + std::string(confirm)) << locale;
    EXPECT_EQ(german.html, render(templates, "Ada").html) << "English has the file that is missing";
  }
  EXPECT_EQ(render(templates, "Ada", "pt-br").subject, "Bem-vindo");
  for (const char* locale : {"", "en", "pt", "fr", "d", "-", "de/../.."}) {
    EXPECT_EQ(render(templates, "Ada", locale).subject, "Welcome to login.example.com") << locale;
  }
  folder.write("de/body.txt", "no link");
  EXPECT_THROW(Templates(template_messages, folder.path()), BadTemplate);
}

}  // namespace
}  // namespace latchkey::mail
