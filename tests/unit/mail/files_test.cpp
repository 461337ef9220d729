#include "mail/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

namespace latchkey::mail {
namespace {

class MailFilesTest : public testing::Test {
 protected:
  MailFilesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latchkey-mail-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    parent_ = pattern;
  }
  ~MailFilesTest() override { std::filesystem::remove_all(parent_); }

  std::filesystem::path folder() const { return parent_ / "mail"; }

  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> result;
    for (const auto& entry : std::filesystem::directory_iterator(folder())) result.push_back(entry.path());
    return result;
  }

  static mail::Outgoing mail() {
    return {.id = {},
            .now = Timestamp{Microseconds{1'769'846'400'000'001}},
            .sender = "latchkey@localhost",
            .recipient = "user@example.org",
            .message = "To: user@example.org\r\n\r\nhttps://x.example/t\r\n",
            .link = "https://x.example/t"};
  }

  static unsigned mode_of(const std::filesystem::path& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0);
    return found.st_mode & 07777;
  }

  std::filesystem::path parent_;
};

TEST_F(MailFilesTest, AMailIsOneFileForItsOwnerAlone) {
  ::umask(0);
  mail::Files files_transport(folder(), mail::LinkInLog::hidden);
  EXPECT_EQ(mode_of(folder()), 0700U);
  EXPECT_EQ(files_transport.deliver(mail(), {}).outcome, mail::Delivery::Outcome::taken);
  const auto written = files();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].filename(), "20260131T080000.000001Z-00000000000000000000000000000000.eml");
  EXPECT_EQ(mode_of(written[0]), 0600U);
  std::ifstream file(written[0], std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), mail().message);
  ::umask(022);
}

TEST_F(MailFilesTest, ShowsTheLinkInTheLogOnlyWhereToldSo) {
  for (const auto& [rule, shown] :
       {std::pair{mail::LinkInLog::hidden, false}, std::pair{mail::LinkInLog::shown, true}}) {
    mail::Files transport(folder(), rule);
    testing::internal::CaptureStderr();
    transport.deliver(mail(), {});
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(log.find("https://x.example/t") != log.npos, shown && !log.empty()) << log;
    EXPECT_EQ(log.find("user@example.org"), log.npos);
  }
}

TEST_F(MailFilesTest, AFailureIsForLaterAndLeavesNothing) {
  mail::Files transport(folder(), mail::LinkInLog::hidden);
  std::filesystem::remove(folder());
  const mail::Delivery gone = transport.deliver(mail(), {});
  EXPECT_EQ(gone.outcome, mail::Delivery::Outcome::later);
  EXPECT_NE(gone.reason.find("No such file"), gone.reason.npos) << gone.reason;

  // Something in the way of the final name.
  std::filesystem::create_directories(folder() /
                                      "20260131T080000.000001Z-00000000000000000000000000000000.eml/x");
  EXPECT_EQ(transport.deliver(mail(), {}).outcome, mail::Delivery::Outcome::later);
  EXPECT_EQ(files().size(), 1U) << "the part is removed";
}

TEST_F(MailFilesTest, ClearsAwayWhatACrashLeftHalfWritten) {
  std::filesystem::create_directory(folder());
  std::ofstream(folder() / ".20260131T080000.000001Z-0.eml.part") << "half";
  std::ofstream(folder() / "20260131T080000.000001Z-0.eml") << "whole";
  const mail::Files transport(folder(), mail::LinkInLog::hidden);
  ASSERT_EQ(files().size(), 1U);
  EXPECT_EQ(files()[0].extension(), ".eml");
}

TEST_F(MailFilesTest, RefusesToStartWithoutAFolder) {
  EXPECT_THROW(mail::Files(parent_ / "no" / "where", mail::LinkInLog::hidden), std::system_error);
  std::ofstream(parent_ / "file") << "x";
  EXPECT_THROW(mail::Files(parent_ / "file", mail::LinkInLog::hidden), std::system_error);
}

TEST_F(MailFilesTest, F36_M14_BeyondTheLimitTheOldestMailsGo) {
  mail::Outgoing one = mail();
  const auto write = [&](mail::Files& transport, int mails) {
    for (int i = 0; i < mails; ++i) {
      one.now += Microseconds{1};
      ASSERT_EQ(transport.deliver(one, {}).outcome, mail::Delivery::Outcome::taken);
    }
  };
  const auto is_there = [&](std::string_view name) {
    return std::ranges::any_of(
        files(), [&](const auto& path) { return path.filename().string().find(name) != std::string::npos; });
  };
  mail::Files by_number(folder(), mail::LinkInLog::hidden, {.most_files = 20});
  std::ofstream(folder() / "notes.txt") << "the operator's";
  write(by_number, 20);
  EXPECT_EQ(files().size(), 21U);
  write(by_number, 1);
  EXPECT_EQ(files().size(), 19U) << "two went for one, and a file that is no mail stays";
  EXPECT_FALSE(is_there("080000.000002Z"));
  EXPECT_FALSE(is_there("080000.000004Z"));
  EXPECT_TRUE(is_there("080000.000005Z"));
  EXPECT_TRUE(is_there("notes.txt"));
  write(by_number, 100);
  EXPECT_LE(files().size(), 21U);

  const std::uintmax_t room = 10 * mail().message.size();
  mail::Files by_bytes(folder(), mail::LinkInLog::hidden, {.most_bytes = room});
  EXPECT_LE(files().size(), 11U) << "of what was there at the start, too";
  write(by_bytes, 50);
  std::uintmax_t bytes = 0;
  for (const auto& path : files()) bytes += path.extension() == ".eml" ? std::filesystem::file_size(path) : 0;
  EXPECT_LE(bytes, room);
  EXPECT_GT(bytes, room / 2);
}

}  // namespace
}  // namespace latchkey::mail
