#include "mail/mime.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "mail/encoding.h"

namespace latchkey::mail::mime_test {
namespace {

using namespace std::string_literals;

constexpr Timestamp eight_o_clock{Microseconds{1'769'846'400'000'000}};  // 2026-01-31T08:00:00Z

mail::Header header() {
  mail::Header result{.id = {},
                      .from = {"Latchkey", "no-reply@example.com"},
                      .to = "user@example.org",
                      .date = eight_o_clock};
  result.id.bytes.fill(0xab);
  return result;
}

mail::Content content() {
  return {.subject = "Hello", .text = "text\nhttps://x.example/t\n", .html = "<p>html</p>\n"};
}

std::string compose(const mail::Header& head, const mail::Content& body,
                    mail::BodyEncoding encoding = mail::BodyEncoding::seven_bit) {
  return mail::compose_message(head, body, encoding);
}

std::vector<std::string> lines(const std::string& message) {
  std::vector<std::string> result;
  std::size_t at = 0;
  while (at < message.size()) {
    const auto end = message.find("\r\n", at);
    result.push_back(message.substr(at, end - at));
    at = end == std::string::npos ? message.size() : end + 2;
  }
  return result;
}

bool has_line(const std::string& message, std::string_view line) {
  for (const auto& candidate : lines(message)) {
    if (candidate == line) return true;
  }
  return false;
}

TEST(MailMessage, HasTheHeadersThatMailServersExpect) {
  const std::string message = compose(header(), content());
  for (const char* line :
       {"Date: Sat, 31 Jan 2026 08:00:00 +0000", "From: \"Latchkey\" <no-reply@example.com>",
        "To: user@example.org", "Subject: Hello",
        "Message-ID: <abababababababababababababababab@example.com>", "MIME-Version: 1.0",
        "Auto-Submitted: auto-generated", "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8", "https://x.example/t"}) {
    EXPECT_TRUE(has_line(message, line)) << line << "\n" << message;
  }
}

TEST(MailMessage, Z28TheSameMailIsTheSameBytes) {
  EXPECT_EQ(compose(header(), content()), compose(header(), content()));
}

TEST(MailMessage, EveryLineEndsWithCrLfAndIsShortEnough) {
  mail::Content body = content();
  body.text = "a\rb\nc\r\nd" + std::string(5000, 'x') + "\n.\n\n..dots\n" + "é" + std::string(3000, 'y');
  for (const auto encoding : {mail::BodyEncoding::seven_bit, mail::BodyEncoding::eight_bit}) {
    const std::string message = compose(header(), body, encoding);
    for (std::size_t i = 0; i < message.size(); ++i) {
      if (message[i] == '\n') {
        EXPECT_TRUE(i > 0 && message[i - 1] == '\r') << i;
      }
      if (message[i] == '\r') {
        EXPECT_TRUE(i + 1 < message.size() && message[i + 1] == '\n') << i;
      }
    }
    for (const auto& line : lines(message)) EXPECT_LE(line.size(), 998U);
  }
}

TEST(MailMessage, ALongLinkStaysWholeInAsciiAndInFiles) {
  const std::string link = "https://login.example.com/api/auth/confirmed_email/" + std::string(400, 'k');
  mail::Content body = content();
  body.text = "Hello\n\n" + link + "\n";
  EXPECT_TRUE(has_line(compose(header(), body), link));
  body.text = "Hello Zoë\n\n" + link + "\n";
  EXPECT_TRUE(has_line(compose(header(), body, mail::BodyEncoding::eight_bit), link));
  EXPECT_TRUE(has_line(compose(header(), body, mail::BodyEncoding::eight_bit), "Hello Zoë"));
  const std::string encoded = compose(header(), body);
  EXPECT_NE(encoded.find("Content-Transfer-Encoding: quoted-printable"), encoded.npos);
  EXPECT_NE(encoded.find("Hello Zo=C3=AB\r\n"), encoded.npos);
}

TEST(MailMessage, ABoundaryInABodyEndsNothing) {
  mail::Content body = content();
  body.text = "--=_latchkey_" + to_string(header().id) + "--\n";
  const std::string message = compose(header(), body, mail::BodyEncoding::eight_bit);
  EXPECT_NE(message.find("--=3D_latchkey_"), message.npos);
}

TEST(MailMessage, S05M02NoHeaderCanBeInjected) {
  const char* const addresses[] = {"",
                                   "nobody",
                                   "a@b.org\r\nBcc: x@y.org",
                                   "a@b.org\nBcc: x@y.org",
                                   "a@b.org>, <x@y.org",
                                   "a@b.org,c@d.org",
                                   "<a@b.org>",
                                   "\"a b\"@b.org",
                                   " a@b.org",
                                   "a@b.org ",
                                   "A@B.ORG",  // stored with the domain in lower case
                                   "a@[127.0.0.1]",
                                   "a@b.org\x01",
                                   "a\x7f@b.org",
                                   "é@b.org"};
  for (const std::string address : addresses) {
    mail::Header bad = header();
    bad.to = address;
    EXPECT_THROW(compose(bad, content()), mail::BadMessage) << address;
    bad = header();
    bad.from.address = address;
    EXPECT_THROW(compose(bad, content()), mail::BadMessage) << address;
  }
  mail::Header with_nul = header();
  with_nul.to = "a@b.org\0.evil.org"s;
  EXPECT_THROW(compose(with_nul, content()), mail::BadMessage);

  for (const std::string& text : {"a\r\nBcc: x@y.org"s, "a\nb"s, "a\rb"s, "a\0b"s, "\x1b[2J"s, "\x7f"s,
                                  "\xC2\x85x"s, "\xff"s, "\xC0\x8A"s}) {
    mail::Content bad = content();
    bad.subject = text;
    EXPECT_THROW(compose(header(), bad), mail::BadMessage) << text;
    mail::Header named = header();
    named.from.name = text;
    EXPECT_THROW(compose(named, content()), mail::BadMessage) << text;
  }
  mail::Content not_utf8 = content();
  not_utf8.text = "\xff";
  EXPECT_THROW(compose(header(), not_utf8), mail::BadMessage);
}

TEST(MailMessage, AnAddressWithoutADotIsForWhoStoredIt) {
  mail::Header local = header();
  local.to = "root@localhost";
  local.from = {"", "latchkey@localhost"};
  const std::string message = compose(local, content());
  EXPECT_TRUE(has_line(message, "To: root@localhost"));
  EXPECT_TRUE(has_line(message, "From: latchkey@localhost"));
}

TEST(MailMessage, NamesAndSubjectsThatAreNotAsciiBecomeEncodedWords) {
  mail::Header named = header();
  named.from.name = "Zoë, \"Ångström\"";
  mail::Content body = content();
  body.subject = "Zoë";
  const std::string message = compose(named, body);
  EXPECT_TRUE(has_line(message, "Subject: =?UTF-8?Q?Zo=C3=AB?=")) << message;
  EXPECT_TRUE(has_line(message, "From: =?UTF-8?Q?Zo=C3=AB=2C_=22=C3=85ngstr=C3=B6m=22?=")) << message;
  EXPECT_TRUE(has_line(message, " <no-reply@example.com>"));
  named.from.name = R"(a "b" \c)";
  EXPECT_TRUE(has_line(compose(named, body), R"(From: "a \"b\" \\c" <no-reply@example.com>)"));
}

TEST(MailMessage, ASubjectThatLooksEncodedIsNotRead) {
  mail::Content body = content();
  body.subject = "=?utf-8?q?Eve?=";
  EXPECT_TRUE(has_line(compose(header(), body), "Subject: =?UTF-8?Q?=3D=3Futf-8=3Fq=3FEve=3F=3D?="));
}

TEST(MailEncoding, EncodedWordsAreShortAndSplitNoCharacter) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "日x";
  const std::string encoded = mail::encode_words(text, 9);
  for (const auto& line : lines(encoded)) {
    EXPECT_LE(line.size(), 76U);
    EXPECT_EQ(line.substr(line.size() - 2), "?=");
    // A character is 9 characters of code; each word holds whole ones.
    const auto start = line.find("=?UTF-8?Q?");
    ASSERT_NE(start, line.npos);
    std::size_t codes = 0;
    for (std::size_t i = start + 10; i < line.size() - 2; ++i) codes += line[i] == '=' ? 1 : 0;
    EXPECT_EQ(codes % 3, 0U) << line;
  }
}

TEST(MailEncoding, QuotedPrintable) {
  struct Case {
    std::string plain;
    std::string encoded;
  };
  const Case cases[] = {
      {"a=b\r\n", "a=3Db\r\n"},
      {"end \r\n", "end=20\r\n"},
      {"end\t\r\n", "end=09\r\n"},
      {"a b\r\n", "a b\r\n"},
      {"é\r\n", "=C3=A9\r\n"},
      {"a\x01\r\n", "a=01\r\n"},
      {std::string(75, 'x') + "\r\n", std::string(75, 'x') + "\r\n"},
      {std::string(76, 'x') + "\r\n", std::string(75, 'x') + "=\r\nx\r\n"},
      {std::string(74, 'x') + "é\r\n", std::string(74, 'x') + "=\r\n=C3=A9\r\n"},
  };
  for (const auto& [plain, encoded] : cases) EXPECT_EQ(mail::encode_quoted_printable(plain), encoded);
}

}  // namespace
}  // namespace latchkey::mail::mime_test
