#include "mail/mail_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "mail/file_name.h"
#include "mail/files.h"

namespace latchkey::mail::mail_folder_test {
namespace {

namespace fs = std::filesystem;

constexpr Timestamp eight_o_clock{Microseconds{1'769'846'400'000'001}};
constexpr std::string_view no_id = "00000000000000000000000000000000";

class MailFolder : public testing::Test {
 protected:
  MailFolder() {
    std::string pattern = (fs::temp_directory_path() / "latchkey-mails-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    folder = pattern;
  }
  ~MailFolder() override { fs::remove_all(folder); }

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  static std::string name_at(int second) { return make_file_name(eight_o_clock + Seconds(second), LinkId{}); }
  void write_mail(int second, const std::string& subject) const {
    write(name_at(second), "To: a@example.org\r\nSubject: " + subject + "\r\n\r\ntext\r\n");
  }
  std::vector<std::string> subjects(std::size_t most = 50) const {
    std::vector<std::string> result;
    for (const auto& mail : list_newest_mails(folder, most).mails) result.push_back(mail.message.subject);
    return result;
  }

  fs::path folder;
};

TEST_F(MailFolder, ANameIsReadBackAndNothingElseIsAName) {
  const std::string name = make_file_name(eight_o_clock, LinkId{});
  EXPECT_EQ(name, "20260131T080000.000001Z-" + std::string(no_id) + ".eml");
  EXPECT_EQ(read_file_name(name), eight_o_clock);
  const std::string others[] = {std::string(),
                                std::string(".eml"),
                                "." + name,
                                "./" + name,
                                "../" + name,
                                "/" + name,
                                name + "x",
                                name.substr(1),
                                name + ".eml",
                                "20261331T080000.000001Z-" + std::string(no_id) + ".eml",
                                "20260131T080000.000001Z" + std::string(no_id) + ".eml",
                                "20260131T080000.000001Z-" + std::string(31, '0') + ".eml",
                                "20260131T080000.000001Z-" + std::string(31, '0') + "/.eml",
                                std::string("2026-01-31T08:00Z-x.eml"),
                                "20260131T080000.000001Z-" + std::string(32, 'A') + ".eml",
                                std::string("\0", 1) + name.substr(1)};
  for (const std::string& other : others) {
    EXPECT_EQ(read_file_name(other), std::nullopt) << other;
    EXPECT_EQ(find_mail(folder, other.substr(0, other.size() - std::min<std::size_t>(4, other.size()))),
              std::nullopt);
  }
}

TEST_F(MailFolder, TheNewestComeFirstAndNoMoreThanAskedFor) {
  EXPECT_EQ(subjects(), std::vector<std::string>{});
  for (const int second : {3, 1, 4, 2, 5}) write_mail(second, std::to_string(second));
  EXPECT_EQ(subjects(), (std::vector<std::string>{"5", "4", "3", "2", "1"}));
  const auto newest = list_newest_mails(folder, 2);
  ASSERT_EQ(newest.mails.size(), 2U);
  EXPECT_TRUE(newest.are_more);
  EXPECT_FALSE(newest.has_too_many);
  EXPECT_EQ(newest.mails[0].written_at, eight_o_clock + Seconds(5));
  const auto found = find_mail(folder, newest.mails[1].id);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->message.text, "text\n");
  EXPECT_EQ(found->message.to, "a@example.org");
}

TEST_F(MailFolder, WhatTheTransportWritesIsFound) {
  Files transport(folder, LinkInLog::hidden);
  transport.deliver({.id = {},
                     .now = eight_o_clock,
                     .sender = "latchkey@localhost",
                     .recipient = "a@example.org",
                     .message = "To: a@example.org\r\nSubject: hi\r\n\r\nyes\r\n",
                     .link = ""},
                    {});
  EXPECT_EQ(subjects(), std::vector<std::string>{"hi"});
}

TEST_F(MailFolder, H31_HostileNamesAndFilesAreNotRead) {
  write("secret", "Subject: secret\r\n\r\n");
  fs::create_symlink(folder / "secret", folder / name_at(1));
  fs::create_directory(folder / name_at(2));
  ASSERT_EQ(::mkfifo((folder / name_at(3)).c_str(), 0600), 0);
  write("<script>.eml", "Subject: script\r\n\r\n");
  write(".20260131T080000.000001Z-" + std::string(no_id) + ".eml.part", "Subject: part\r\n\r\n");
  write(name_at(4), "");
  write_mail(5, "a mail");
  EXPECT_EQ(subjects(), (std::vector<std::string>{"a mail", ""}));
  for (const int second : {1, 2, 3, 6}) {
    const std::string name = name_at(second);
    EXPECT_EQ(find_mail(folder, name.substr(0, name.size() - 4)), std::nullopt) << second;
  }
}

TEST_F(MailFolder, H31_ALargeFileIsReadInPart) {
  write(name_at(1), "Subject: large\r\n\r\n" + std::string(1 << 20, 'x'));
  const auto listed = list_newest_mails(folder, 1).mails.at(0);
  EXPECT_TRUE(listed.is_cut);
  EXPECT_LT(listed.message.text.size(), 4097U);
  const auto found = find_mail(folder, listed.id).value();
  EXPECT_TRUE(found.is_cut);
  EXPECT_LT(found.message.text.size(), 256U * 1024U + 1);
  EXPECT_GT(found.message.text.size(), 250U * 1024U);
}

TEST_F(MailFolder, H31_AFolderWithTooManyNamesIsNotReadToItsEnd) {
  write("other", "");
  for (int i = 0; i < 20'000; ++i)
    ASSERT_EQ(::link((folder / "other").c_str(), (folder / std::to_string(i)).c_str()), 0);
  EXPECT_TRUE(list_newest_mails(folder, 50).has_too_many);
}

TEST_F(MailFolder, AFolderThatIsGoneIsAnError) {
  fs::remove(folder);
  EXPECT_THROW(list_newest_mails(folder, 50), std::system_error);
  const std::string name = name_at(1);
  EXPECT_THROW(find_mail(folder, name.substr(0, name.size() - 4)), std::system_error);
}

}  // namespace
}  // namespace latchkey::mail::mail_folder_test
