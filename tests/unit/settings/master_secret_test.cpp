#include "settings/master_secret.h"

#include <gtest/gtest.h>

#include <random>

#include "base/id.h"
#include "settings/private_file.h"
#include "unit/settings/fixtures.h"

namespace latchkey::settings {
namespace {

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string told(const boost::system::result<Secret, Problems>& secret) {
  return secret ? "taken" : secret.error().sentences.front();
}

std::string told(const boost::system::result<MasterSecret, Problems>& secrets) {
  return secrets ? "taken" : secrets.error().sentences.front();
}

TEST(MasterSecret, is_32_bytes_in_64_digits) {
  const auto secret = parse_master_secret(std::string(good_secret) + "\n");
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->size(), 32U);
  EXPECT_EQ(to_hex(secret->bytes().data(), secret->size()), good_secret);
  std::string upper(good_secret);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(*parse_master_secret(upper), *secret);
}

TEST(MasterSecret, K01_wrong_forms_are_refused) {
  for (const std::string& text :
       {std::string(), std::string("short"), std::string(good_secret.substr(2)),
        std::string(good_secret) + "00", std::string(64, 'z'), "0x" + std::string(good_secret.substr(2)),
        std::string(good_secret.substr(0, 32)) + " " + std::string(good_secret.substr(33)),
        std::string(64, ' ')}) {
    const std::string why = told(parse_master_secret(text));
    EXPECT_TRUE(contains(why, "64 hexadecimal digits")) << why;
    EXPECT_TRUE(text.size() < 8 || !contains(why, text));
  }
}

TEST(MasterSecret, K01_secrets_that_are_none_are_refused) {
  for (const std::string& text :
       {std::string(64, '0'), std::string(64, 'f'), repeat("ab", 32), repeat("deadbeef", 8),
        repeat("0123456789abcdef", 4), repeat("00112233445566778899aabbccddeeff", 2), repeat("cafebabe", 8),
        repeat("1234567890", 6) + "1234",
        std::string("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        std::string("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"),
        std::string("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0"),
        std::string("00020406080a0c0e10121416181a1c1e20222426282a2c2e30323436383a3c3e"),
        std::string("0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210"),
        std::string(
            "6368616e67656d65206368616e67656d65206368616e67656d65212121212121"),  // "changeme changeme …"
        std::string("746869732069732061207365637265742070617373776f726420686572652121"),  // a sentence
        std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        std::string("603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4"),
        "8d" + std::string(62, '0'), std::string(good_secret.substr(0, 16)) + std::string(48, '1')}) {
    ASSERT_EQ(text.size(), 64U) << text;
    const std::string why = told(parse_master_secret(text));
    EXPECT_TRUE(contains(why, "make one with openssl rand -hex 32")) << text << ": " << why;
    EXPECT_FALSE(contains(why, text));
  }
}

TEST(MasterSecret, random_ones_are_taken) {
  std::mt19937_64 random(20260131);  // NOLINT(cert-msc51-cpp): the same ones at every run
  for (int i = 0; i < 100'000; ++i) {
    std::array<std::uint64_t, 4> words{random(), random(), random(), random()};
    const std::string text = to_hex(reinterpret_cast<const std::uint8_t*>(words.data()), sizeof words);
    ASSERT_EQ(told(parse_master_secret(text)), "taken") << text;
  }
}

TEST(MasterSecret, is_made_once_for_its_owner_only) {
  const WorkingFolder folder;
  Settings settings;
  settings.data_dir = folder.path();
  const auto first = load_master_secret(settings);
  ASSERT_TRUE(first) << told(first);
  EXPECT_FALSE(first->previous);
  struct stat status {};
  ASSERT_EQ(::stat("master_secret", &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(status.st_size, 65);
  EXPECT_FALSE(std::filesystem::exists("master_secret.new"));
  const auto again = load_master_secret(settings);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->current, first->current);

  const WorkingFolder elsewhere;
  settings.data_dir = elsewhere.path();
  EXPECT_FALSE(load_master_secret(settings)->current == first->current);
}

TEST(MasterSecret, is_made_with_mode_0600_under_any_umask) {
  const WorkingFolder folder;
  const mode_t before = ::umask(0);
  Settings settings;
  settings.data_dir = folder.path();
  EXPECT_TRUE(load_master_secret(settings));
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat("master_secret", &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST(MasterSecret, Z05_a_start_that_was_killed_leaves_nothing_in_the_way) {
  const WorkingFolder folder;
  WorkingFolder::write("master_secret.new", "8d1c53");
  Settings settings;
  settings.data_dir = folder.path();
  EXPECT_TRUE(load_master_secret(settings));
  EXPECT_FALSE(std::filesystem::exists("master_secret.new"));
}

TEST(MasterSecret, a_lost_one_is_not_replaced) {
  const WorkingFolder folder;
  WorkingFolder::write("latchkey.db", "x");
  Settings settings;
  settings.data_dir = folder.path();
  EXPECT_TRUE(
      contains(told(load_master_secret(settings)), "holds a database, but not the file master_secret"));
  EXPECT_FALSE(std::filesystem::exists("master_secret"));
}

TEST(MasterSecret, comes_from_the_setting_or_the_named_file_and_is_not_copied) {
  const WorkingFolder folder;
  Settings settings;
  settings.data_dir = folder.path();
  settings.master_secret = Secret(good_secret);
  settings.master_secret_previous = Secret(other_secret);
  const auto set = load_master_secret(settings);
  ASSERT_TRUE(set);
  EXPECT_EQ(to_hex(set->previous->bytes().data(), 32), other_secret);
  settings.master_secret = Secret();
  WorkingFolder::write("named", std::string(good_secret) + "\r\n", 0400);
  settings.master_secret_file = "named";
  const auto named = load_master_secret(settings);
  ASSERT_TRUE(named) << told(named);
  EXPECT_EQ(named->current, set->current);
  EXPECT_FALSE(std::filesystem::exists("master_secret"));
  settings.master_secret_file = "absent";
  EXPECT_TRUE(contains(told(load_master_secret(settings)), "absent: cannot be opened"));
  EXPECT_FALSE(std::filesystem::exists("absent"));
}

TEST(MasterSecret, must_be_given_with_postgresql) {
  const WorkingFolder folder;
  Settings settings;
  settings.data_dir = folder.path();
  settings.database_url = Secret("postgresql://h/d");
  EXPECT_TRUE(
      contains(told(load_master_secret(settings)), "master_secret or master_secret_file must be set"));
  EXPECT_FALSE(std::filesystem::exists("master_secret"));
}

mode_t mode_of(const char* file) {
  struct stat status {};
  return ::stat(file, &status) == 0 ? status.st_mode & 07777U : 0;
}

TEST(MasterSecret, K02_a_file_of_the_operator_that_others_can_get_at_is_refused_with_how_to_mend_it) {
  const WorkingFolder folder;
  Settings settings;
  std::filesystem::create_directory("data");
  settings.data_dir = "data";
  settings.master_secret_file = "the secret";
  for (const mode_t mode : {0644, 0640, 0604, 0610, 0602}) {
    WorkingFolder::write("the secret", good_secret, mode);
    const std::string why = told(load_master_secret(settings));
    EXPECT_TRUE(contains(why, "master_secret, but others can access it")) << why;
    EXPECT_TRUE(contains(why, "run chmod 600 'the secret'")) << why;
    EXPECT_EQ(mode_of("the secret"), mode);
  }
  WorkingFolder::write("the secret", good_secret, 0600);
  EXPECT_TRUE(load_master_secret(settings));
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown("the secret", 12345, 0), 0);
  EXPECT_TRUE(contains(told(load_master_secret(settings)), "belongs to another user"));
}

TEST(MasterSecret, F03_K02_a_file_in_the_data_directory_is_closed) {
  const WorkingFolder folder;
  Settings settings;
  settings.data_dir = folder.path();
  for (const char* name : {"master_secret", "another name"}) {
    if (std::string_view(name) != "master_secret") settings.master_secret_file = folder.path() / name;
    for (const auto& [mode, closed] : std::initializer_list<std::pair<mode_t, mode_t>>{
             {0660, 0600}, {0644, 0600}, {0440, 0400}, {0777, 0600}}) {
      WorkingFolder::write(name, good_secret, mode);
      ::testing::internal::CaptureStderr();
      const auto secret = load_master_secret(settings);
      const std::string logged = ::testing::internal::GetCapturedStderr();
      EXPECT_TRUE(secret) << told(secret);
      EXPECT_EQ(mode_of(name), closed);
      EXPECT_TRUE(contains(logged, "WARN files.made_private path=")) << logged;
      std::filesystem::remove(name);
    }
  }
  if (::geteuid() != 0) return;
  WorkingFolder::write("another name", good_secret, 0660);
  ASSERT_EQ(::chown("another name", 12345, 0), 0);
  EXPECT_TRUE(contains(told(load_master_secret(settings)), "belongs to another user"));
  EXPECT_EQ(mode_of("another name"), 0660U);
}

TEST(MasterSecret, F18_an_editors_byte_order_mark_and_line_end_are_no_part_of_it) {
  const WorkingFolder folder;
  Settings settings;
  settings.data_dir = folder.path();
  WorkingFolder::write("master_secret", "\xEF\xBB\xBF" + std::string(good_secret) + "\r\n", 0600);
  const auto secret = load_master_secret(settings);
  EXPECT_TRUE(secret) << told(secret);
}

TEST(MasterSecret, a_weak_file_is_refused_by_name) {
  const WorkingFolder folder;
  Settings settings;
  settings.data_dir = folder.path();
  for (const std::string& text : {std::string(), std::string("changeme"), repeat("deadbeef", 8)}) {
    WorkingFolder::write("master_secret", text);
    EXPECT_TRUE(contains(told(load_master_secret(settings)), "master_secret: master_secret "));
  }
}

TEST(PrivateFile, a_file_that_is_there_is_never_replaced) {
  const WorkingFolder folder;
  WorkingFolder::write("there", "mine");
  EXPECT_THROW(write_new_private_file("there", "other"), std::system_error);
  EXPECT_EQ(read_private_file("there")->text, "mine");
  EXPECT_THROW(write_new_private_file("no/such/folder", "x"), std::system_error);
}

}  // namespace
}  // namespace latchkey::settings
