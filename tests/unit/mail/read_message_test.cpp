#include "mail/read_message.h"

#include <gtest/gtest.h>

#include "mail/mime.h"

namespace latchkey::mail::read_message_test {
namespace {

std::string compose(const Content& content, BodyEncoding encoding) {
  return compose_message({.id = {},
                          .from = {"Latchkey", "no-reply@example.com"},
                          .to = "ada@example.org",
                          .date = Timestamp{Microseconds{1'769'846'400'000'000}}},
                         content, encoding);
}

TEST(ReadMessage, GivesBackWhatWasComposed) {
  const std::string long_line(3000, 'x');
  const Content contents[] = {
      {.subject = "Hello", .text = "text\nhttps://x.example/t\n", .html = "<p>html</p>\n"},
      {.subject = "Grüße aus Köln",
       .text = "Grüße = Küsse\n\n--=_latchkey\n",
       .html = "<p title=\"=20\">ä</p>\n"},
      {.subject = "=?UTF-8?Q?fake?= <b>&", .text = long_line + "\n \nend \n", .html = long_line + "\n"},
      {.subject = std::string(90, 'y') + " und " + std::string(20, 'z') + " \U0001F600",
       .text = "\u0645\u0631\u062D\u0628\u0627\n",
       .html = "<p dir=\"rtl\">\u0645</p>\n"},
  };
  for (const Content& content : contents) {
    for (const auto encoding : {BodyEncoding::seven_bit, BodyEncoding::eight_bit}) {
      const ReadMessage read = read_message(compose(content, encoding));
      EXPECT_EQ(read.to, "ada@example.org");
      EXPECT_EQ(read.subject, content.subject);
      EXPECT_EQ(read.text, content.text);
      EXPECT_EQ(read.html, content.html);
    }
  }
}

TEST(ReadMessage, AMailThatIsCutOffHasWhatCameFirst) {
  const std::string whole =
      compose({.subject = "Hello", .text = "one\ntwo\n", .html = "<p>html</p>\n"}, BodyEncoding::eight_bit);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const ReadMessage read = read_message(std::string_view(whole).substr(0, size));
    EXPECT_TRUE(std::string_view("Hello").starts_with(read.subject)) << size;
    EXPECT_LE(read.text.size(), whole.size());
  }
  const ReadMessage read = read_message(whole.substr(0, whole.find("two")));
  EXPECT_EQ(read.text, "one\n");
  EXPECT_EQ(read.html, "");
}

TEST(ReadMessage, WhatIsWrittenInAnotherWayIsLeftAsItStands) {
  EXPECT_EQ(read_message("Subject: =?utf-8?B?SGk=?=\n\nhi\n").subject, "=?utf-8?B?SGk=?=");
  EXPECT_EQ(read_message("Subject: =?utf-8?Q?=ZZ=4?=\n\n").subject, "=ZZ=4");
  EXPECT_EQ(read_message("Subject: =?utf-8?q?a?=\n =?UTF-8?Q?_b?= c\n\nhi\n").subject, "a b c");
  EXPECT_EQ(read_message("SUBJECT:x\n\nhi\n").text, "hi\n");
  EXPECT_EQ(read_message("no header at all").subject, "");
  EXPECT_EQ(read_message("Content-Type: image/png\n\nPNG").text, "");
  EXPECT_EQ(read_message("Content-Type: multipart/mixed; boundary=\"\"\n\n--\nx\n--").text, "");
  EXPECT_EQ(read_message("").subject, "");
}

}  // namespace
}  // namespace latchkey::mail::read_message_test
