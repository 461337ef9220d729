#include <gtest/gtest.h>

#include "worker/smtp_reply.h"
#include "worker/smtp_transport.h"

namespace latchkey::worker {
namespace {

using Outcome = Delivery::Outcome;
using settings::MailTls;

TEST(SmtpReply, CommandsTellTheStage) {
  const struct {
    const char* line;
    SmtpStage stage;
  } cases[] = {{"EHLO x\r\n", SmtpStage::greeting},
               {"STARTTLS\r\n", SmtpStage::tls},
               {"AUTH PLAIN AGEAYg==\r\n", SmtpStage::sign_in},
               {"MAIL FROM:<a@b.org> SIZE=3\r\n", SmtpStage::sender},
               {"RCPT TO:<a@b.org>\r\n", SmtpStage::recipient},
               {"DATA\r\n", SmtpStage::content}};
  for (const auto& [line, expected] : cases) {
    SmtpStage stage = SmtpStage::connect;
    EXPECT_TRUE(read_command(line, stage));
    EXPECT_EQ(stage, expected) << line;
  }
  SmtpStage stage = SmtpStage::sign_in;
  EXPECT_FALSE(read_command("AGEAYg==\r\n", stage));
  EXPECT_FALSE(read_command("QUIT\r\n", stage));
  EXPECT_EQ(stage, SmtpStage::sign_in);
}

TEST(SmtpReply, OnlyTheRecipientAndTheContentAreRefusedForGood) {
  const struct {
    SmtpStage stage;
    int code;
    Outcome outcome;
  } cases[] = {
      {SmtpStage::recipient, 550, Outcome::refused}, {SmtpStage::recipient, 553, Outcome::refused},
      {SmtpStage::content, 554, Outcome::refused},   {SmtpStage::recipient, 450, Outcome::later},
      {SmtpStage::recipient, 530, Outcome::later},   {SmtpStage::content, 452, Outcome::later},
      {SmtpStage::content, 354, Outcome::later},     {SmtpStage::content, 0, Outcome::later},
      {SmtpStage::greeting, 554, Outcome::later},    {SmtpStage::sender, 550, Outcome::later},
      {SmtpStage::sign_in, 535, Outcome::later},     {SmtpStage::tls, 502, Outcome::later},
      {SmtpStage::connect, 0, Outcome::later},
  };
  for (const auto& [stage, code, outcome] : cases) {
    const Delivery delivery =
        judge({.stage = stage, .code = code, .reply = "some reply", .error = "some error"});
    EXPECT_EQ(delivery.outcome, outcome) << name_of(stage) << " " << code;
    EXPECT_TRUE(delivery.reason.starts_with(name_of(stage)));
  }
}

TEST(SmtpReply, C14M11ReasonsHoldNoSecrets) {
  EXPECT_EQ(judge({SmtpStage::recipient, 550, "550 5.1.1 <user@example.org>: no such user\r\n", ""}).reason,
            "recipient: 550 5.1.1 [...] no such user");
  EXPECT_EQ(judge({SmtpStage::sign_in, 535, "535 bad password hunter2", ""}).reason, "sign-in: 535");
  EXPECT_EQ(judge({SmtpStage::content, 354, "354 go on", "Failure when receiving data"}).reason,
            "content: Failure when receiving data");
  EXPECT_EQ(judge({SmtpStage::greeting, 0, "", ""}).reason, "greeting: no answer");
  EXPECT_EQ(clean_reply("554 spam URL http://x.example/api/auth/confirmed_email/eyJh.eyJi.c2ln listed"),
            "554 spam URL [...] listed");
  EXPECT_EQ(clean_reply("554 " + std::string(41, 'k') + " is a token"), "554 [...] is a token");
  EXPECT_EQ(clean_reply("554 http%3A%2F%2Fx.example"), "554 [...]");
}

TEST(SmtpReply, M05J12ReasonsAreShortAndPrintable) {
  EXPECT_EQ(clean_reply("554 \x1b[2J \xff\xfe tab\there\r\nline"), "554 [...] [...] tab here line");
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "word ";
  EXPECT_LE(clean_reply(words).size(), 200U);
  EXPECT_EQ(clean_reply(""), "");
  EXPECT_EQ(clean_reply("   \r\n"), "");
}

SmtpOptions options(std::string url, MailTls tls, std::string user = {}) {
  SmtpOptions result;
  result.url = std::move(url);
  result.tls = tls;
  result.user = std::move(user);
  return result;
}

TEST(SmtpTransport, RefusesWhatCouldTravelInTheClear) {
  EXPECT_NO_THROW(SmtpTransport(options("smtp://mail.example.com:587", MailTls::required, "user")));
  EXPECT_NO_THROW(SmtpTransport(options("smtps://mail.example.com", MailTls::off, "user")));
  EXPECT_NO_THROW(SmtpTransport(options("smtp://mail.example.com", MailTls::opportunistic)));
  EXPECT_NO_THROW(SmtpTransport(options("smtp://127.0.0.1:25", MailTls::off, "user")));
  EXPECT_NO_THROW(SmtpTransport(options("smtp://[::1]:25", MailTls::off)));
  EXPECT_NO_THROW(SmtpTransport(options("smtp://localhost", MailTls::opportunistic, "user")));
  EXPECT_THROW(SmtpTransport(options("smtp://mail.example.com", MailTls::off)), std::invalid_argument);
  EXPECT_THROW(SmtpTransport(options("smtp://mail.example.com", MailTls::opportunistic, "user")),
               std::invalid_argument);
}

TEST(SmtpTransport, RefusesUrlsThatAreNotAMailServer) {
  for (const char* url : {"", "mail.example.com", "http://mail.example.com", "file:///etc/passwd",
                          "smtp://user:pass@mail.example.com", "smtp://mail.example.com/path", "smtp://",
                          "smtp://mail.example.com?x", "smtp://a b"}) {
    EXPECT_THROW(SmtpTransport(options(url, MailTls::required)), std::invalid_argument) << url;
  }
}

}  // namespace
}  // namespace latchkey::worker
