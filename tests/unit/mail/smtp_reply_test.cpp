#include <gtest/gtest.h>

#include "mail/smtp_reply.h"
#include "mail/smtp_transport.h"

namespace latchkey::mail {
namespace {

using Outcome = mail::Delivery::Outcome;
using settings::MailTls;

TEST(SmtpReply, CommandsTellTheStage) {
  const struct {
    const char* line;
    mail::SmtpStage stage;
  } cases[] = {{"EHLO x\r\n", mail::SmtpStage::greeting},
               {"STARTTLS\r\n", mail::SmtpStage::tls},
               {"AUTH PLAIN AGEAYg==\r\n", mail::SmtpStage::sign_in},
               {"MAIL FROM:<a@b.org> SIZE=3\r\n", mail::SmtpStage::sender},
               {"RCPT TO:<a@b.org>\r\n", mail::SmtpStage::recipient},
               {"DATA\r\n", mail::SmtpStage::content}};
  for (const auto& [line, expected] : cases) {
    mail::SmtpStage stage = mail::SmtpStage::connect;
    EXPECT_TRUE(mail::read_command(line, stage));
    EXPECT_EQ(stage, expected) << line;
  }
  mail::SmtpStage stage = mail::SmtpStage::sign_in;
  EXPECT_FALSE(mail::read_command("AGEAYg==\r\n", stage));
  EXPECT_FALSE(mail::read_command("QUIT\r\n", stage));
  EXPECT_EQ(stage, mail::SmtpStage::sign_in);
}

TEST(SmtpReply, OnlyTheRecipientAndTheContentAreRefusedForGood) {
  const struct {
    mail::SmtpStage stage;
    int code;
    Outcome outcome;
  } cases[] = {
      {mail::SmtpStage::recipient, 550, Outcome::refused},
      {mail::SmtpStage::recipient, 553, Outcome::refused},
      {mail::SmtpStage::content, 554, Outcome::refused},
      {mail::SmtpStage::recipient, 450, Outcome::later},
      {mail::SmtpStage::recipient, 530, Outcome::later},
      {mail::SmtpStage::content, 452, Outcome::later},
      {mail::SmtpStage::content, 354, Outcome::later},
      {mail::SmtpStage::content, 0, Outcome::later},
      {mail::SmtpStage::greeting, 554, Outcome::later},
      {mail::SmtpStage::sender, 550, Outcome::later},
      {mail::SmtpStage::sign_in, 535, Outcome::later},
      {mail::SmtpStage::tls, 502, Outcome::later},
      {mail::SmtpStage::connect, 0, Outcome::later},
  };
  for (const auto& [stage, code, outcome] : cases) {
    const mail::Delivery delivery =
        mail::judge({.stage = stage, .code = code, .reply = "some reply", .error = "some error"});
    EXPECT_EQ(delivery.outcome, outcome) << mail::name_of(stage) << " " << code;
    EXPECT_TRUE(delivery.reason.starts_with(mail::name_of(stage)));
  }
}

TEST(SmtpReply, C14M11ReasonsHoldNoSecrets) {
  EXPECT_EQ(
      mail::judge({mail::SmtpStage::recipient, 550, "550 5.1.1 <user@example.org>: no such user\r\n", ""})
          .reason,
      "recipient: 550 5.1.1 [...] no such user");
  EXPECT_EQ(mail::judge({mail::SmtpStage::sign_in, 535, "535 bad password hunter2", ""}).reason,
            "sign-in: 535");
  EXPECT_EQ(mail::judge({mail::SmtpStage::content, 354, "354 go on", "Failure when receiving data"}).reason,
            "content: Failure when receiving data");
  EXPECT_EQ(mail::judge({mail::SmtpStage::greeting, 0, "", ""}).reason, "greeting: no answer");
  EXPECT_EQ(mail::clean_reply("554 spam URL http://x.example/api/auth/confirmed_email/eyJh.eyJi.c2ln listed"),
            "554 spam URL [...] listed");
  EXPECT_EQ(mail::clean_reply("554 " + std::string(41, 'k') + " is a token"), "554 [...] is a token");
  EXPECT_EQ(mail::clean_reply("554 http%3A%2F%2Fx.example"), "554 [...]");
}

TEST(SmtpReply, F23WhatLibcurlMisleadsAboutIsSaid) {
  const auto explain = [](SmtpEvidence evidence) { return mail::explain(evidence); };
  EXPECT_EQ(
      explain({.stage = SmtpStage::greeting, .login_denied = true, .mechanisms = "CRAM-MD5 XOAUTH2"}),
      "the server offers only AUTH CRAM-MD5 XOAUTH2, but Latchkey signs in with PLAIN or LOGIN: no password "
      "was sent");
  EXPECT_EQ(explain({.stage = SmtpStage::sign_in, .login_denied = true, .mechanisms = "PLAIN"}), "")
      << "it was asked";
  EXPECT_NE(explain({.connected = true}).find("smtps://"), std::string::npos);
  EXPECT_EQ(explain({.connected = false}), "") << "nobody was there";
  EXPECT_EQ(explain({.stage = SmtpStage::greeting, .connected = true}), "") << "there was a greeting";
  EXPECT_NE(explain({.connected = true, .tls_first = true, .error = "SSL routines::wrong version number"})
                .find("smtp://"),
            std::string::npos);
  EXPECT_EQ(explain({.connected = true, .tls_first = true, .error = "certificate has expired"}), "");
  // A sentence of ours stands as it is, the URL in it too; what the server said is cleaned.
  EXPECT_EQ(mail::judge({.stage = SmtpStage::connect, .explanation = "use smtps://"}).reason,
            "connect: use smtps://");
  const auto flood =
      explain({.stage = SmtpStage::greeting, .login_denied = true, .mechanisms = std::string(5000, 'x')});
  EXPECT_LT(flood.size(), 300U);
}

TEST(SmtpReply, TheMechanismsStandInTheAnswerToEhlo) {
  EXPECT_EQ(mail::read_mechanisms("250-AUTH CRAM-MD5 XOAUTH2\r\n"), "CRAM-MD5 XOAUTH2");
  EXPECT_EQ(mail::read_mechanisms("250 auth PLAIN\r\n"), "PLAIN");
  EXPECT_EQ(mail::read_mechanisms("250-AUTH=LOGIN\r\n"), "LOGIN");
  for (const char* line :
       {"250-AUTHOR x\r\n", "250-AUTH\r\n", "250 8BITMIME\r\n", "535 AUTH x\r\n", "250", ""})
    EXPECT_EQ(mail::read_mechanisms(line), "") << line;
}

TEST(SmtpReply, M05J12ReasonsAreShortAndPrintable) {
  EXPECT_EQ(mail::clean_reply("554 \x1b[2J \xff\xfe tab\there\r\nline"), "554 [...] [...] tab here line");
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "word ";
  EXPECT_LE(mail::clean_reply(words).size(), 200U);
  EXPECT_EQ(mail::clean_reply(""), "");
  EXPECT_EQ(mail::clean_reply("   \r\n"), "");
}

mail::SmtpOptions options(std::string url, MailTls tls, std::string user = {}) {
  mail::SmtpOptions result;
  result.url = std::move(url);
  result.tls = tls;
  result.user = std::move(user);
  return result;
}

TEST(SmtpTransport, RefusesWhatCouldTravelInTheClear) {
  EXPECT_NO_THROW(mail::SmtpTransport(options("smtp://mail.example.com:587", MailTls::required, "user")));
  EXPECT_NO_THROW(mail::SmtpTransport(options("smtps://mail.example.com", MailTls::off, "user")));
  EXPECT_NO_THROW(mail::SmtpTransport(options("smtp://mail.example.com", MailTls::opportunistic)));
  EXPECT_NO_THROW(mail::SmtpTransport(options("smtp://127.0.0.1:25", MailTls::off, "user")));
  EXPECT_NO_THROW(mail::SmtpTransport(options("smtp://[::1]:25", MailTls::off)));
  EXPECT_NO_THROW(mail::SmtpTransport(options("smtp://localhost", MailTls::opportunistic, "user")));
  EXPECT_THROW(mail::SmtpTransport(options("smtp://mail.example.com", MailTls::off)), std::invalid_argument);
  EXPECT_THROW(mail::SmtpTransport(options("smtp://mail.example.com", MailTls::opportunistic, "user")),
               std::invalid_argument);
}

TEST(SmtpTransport, RefusesUrlsThatAreNotAMailServer) {
  for (const char* url : {"", "mail.example.com", "http://mail.example.com", "file:///etc/passwd",
                          "smtp://user:pass@mail.example.com", "smtp://mail.example.com/path", "smtp://",
                          "smtp://mail.example.com?x", "smtp://a b"}) {
    EXPECT_THROW(mail::SmtpTransport(options(url, MailTls::required)), std::invalid_argument) << url;
  }
}

}  // namespace
}  // namespace latchkey::mail
