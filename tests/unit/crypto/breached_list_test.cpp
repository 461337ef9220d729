#include <gtest/gtest.h>

#include <fstream>

#include "crypto/breached/index.h"
#include "crypto/breached/line.h"
#include "crypto/breached/make_index.h"
#include "support/databases.h"

namespace latchkey::crypto::breached_list_test {

class BreachedList : public testing::Test {
 protected:
  using Kind = breached::ListKind;

  breached::Made make(std::string_view list, Kind kind) const {
    const auto from = folder.path() / "list";
    std::ofstream(from, std::ios::binary) << list;
    return breached::make_index(from, kind, index_path());
  }
  std::string problem(std::string_view list, Kind kind = Kind::hashes) const {
    const auto made = make(list, kind);
    EXPECT_FALSE(std::filesystem::exists(index_path())) << "a refused list makes no index";
    return made.problem.value_or("");
  }
  std::filesystem::path index_path() const { return folder.path() / "index"; }

  /// "password" and "abc", in the order of their hashes, as Have I Been Pwned has them.
  static constexpr std::string_view hashes =
      "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\n"
      "A9993E364706816ABA3E25717850C26C9CD0D89D:4\r\n";

  db::test::TempDir folder;
};

TEST_F(BreachedList, reads_the_list_of_have_i_been_pwned) {
  const auto made = make(hashes, Kind::hashes);
  EXPECT_EQ(made.problem, std::nullopt);
  EXPECT_EQ(made.lines, 2U);
  EXPECT_EQ(made.entries, 2U);
  EXPECT_EQ(made.bytes, std::filesystem::file_size(index_path()));
  const breached::Index index(index_path());
  EXPECT_TRUE(index.contains("password"));
  EXPECT_TRUE(index.contains("abc"));
  EXPECT_FALSE(index.contains("letmein"));
}

TEST_F(BreachedList, takes_either_line_end_either_case_and_lines_without_a_count) {
  const auto made = make(
      "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8\n5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:2\n\n"
      "a9993e364706816aba3e25717850c26c9cd0d89d:4",
      Kind::hashes);
  EXPECT_EQ(made.problem, std::nullopt);
  EXPECT_EQ(made.entries, 2U) << "each once";
  EXPECT_TRUE(breached::Index(index_path()).contains("abc")) << "the last line needs no end";
}

TEST_F(BreachedList, a_list_that_is_out_of_order_or_no_list_is_refused_with_its_line) {
  const std::string first(hashes.substr(0, hashes.find('\n') + 1));
  const std::string second(hashes.substr(first.size()));
  EXPECT_NE(problem(second + first).find("line 2 is out of order"), std::string::npos);
  EXPECT_NE(problem("correct horse\n").find("line 1 is no SHA-1 hash"), std::string::npos);
  EXPECT_NE(problem("correct horse\n").find("--plain"), std::string::npos);
  EXPECT_NE(problem("8846F7EAEE8FB117AD06BDD830B7586C:9\n").find("NTLM"), std::string::npos);
  EXPECT_NE(problem("61E4C9B93F3F0682250B6CF8331B7EE68FD:9\n").find("end of a hash"), std::string::npos);
  EXPECT_NE(problem(first + "A9993E364706816ABA3E25717850C26C9CD0D89D:-4\n").find("line 2"),
            std::string::npos);
  EXPECT_NE(problem(std::string(3 << 20, 'A')).find("line 1"), std::string::npos);
  EXPECT_NE(problem("").find("no passwords"), std::string::npos);
  EXPECT_NE(problem("\n\r\n", Kind::passwords).find("no passwords"), std::string::npos);
}

TEST_F(BreachedList, reads_passwords_in_any_order_as_they_are_kept) {
  const std::string decomposed = "fiance\xcc\x81 und mehr";
  const std::string composed = "fianc\xc3\xa9 und mehr";
  const std::string huge(2 << 20, 'x');
  const auto made =
      make("zebra\r\npassword\n" + huge + "\n" + decomposed + "\n\xff\xfe\n\nabc\npassword\nlast",
           Kind::passwords);
  EXPECT_EQ(made.problem, std::nullopt);
  EXPECT_EQ(made.lines, 9U);
  EXPECT_EQ(made.skipped, 3U) << "too long, no UTF-8, empty";
  EXPECT_EQ(made.entries, 5U);
  const breached::Index index(index_path());
  for (const std::string_view there : {"zebra", "password", "abc", "last", composed.c_str()})
    EXPECT_TRUE(index.contains(there)) << there;
  EXPECT_FALSE(index.contains("zebra\r"));
}

TEST_F(BreachedList, lines_that_cross_the_pieces_that_are_read_are_whole) {
  std::string list;
  for (int i = 0; i < 300'000; ++i) list += "password number " + std::to_string(i) + '\n';
  const auto made = make(list, Kind::passwords);
  EXPECT_EQ(made.lines, 300'000U);
  EXPECT_EQ(made.entries, 300'000U);
  const breached::Index index(index_path());
  for (int i = 0; i < 300'000; i += 7) ASSERT_TRUE(index.contains("password number " + std::to_string(i)));
}

TEST_F(BreachedList, a_list_that_is_not_there_leaves_the_index_alone) {
  make(hashes, Kind::hashes);
  EXPECT_THROW(breached::make_index(folder.path() / "nowhere", Kind::hashes, index_path()),
               std::system_error);
  EXPECT_EQ(breached::Index(index_path()).size(), 2U);
}

}  // namespace latchkey::crypto::breached_list_test
