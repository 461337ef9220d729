#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "base/error.h"
#include "crypto/breached/index.h"
#include "crypto/breached/sorter.h"
#include "crypto/breached/writer.h"
#include "support/databases.h"

namespace latchkey::crypto::breached_index_test {

/// A folder of its own, and files of an index in it.
class BreachedIndex : public testing::Test {
 protected:
  using Entry = breached::Entry;

  std::filesystem::path path() const { return folder.path() / "leaked"; }

  std::filesystem::path write(std::vector<Entry> entries) const {
    std::ranges::sort(entries);
    breached::Writer writer(path());
    for (const Entry entry : entries) writer.add(entry);
    writer.finish();
    return path();
  }
  std::filesystem::path write_raw(std::string_view bytes) const {
    std::ofstream(path(), std::ios::binary) << bytes;
    return path();
  }
  static std::string bytes_of(const std::vector<Entry>& entries, std::uint64_t said) {
    const auto header = breached::make_header(said);
    std::string bytes(header.begin(), header.end());
    for (const Entry entry : entries) {
      std::uint8_t eight[breached::entry_size];
      breached::write_entry(eight, entry);
      bytes.append(eight, eight + sizeof eight);
    }
    return bytes;
  }
  static std::vector<Entry> spread(std::size_t count) {
    std::mt19937_64 random(19);
    std::vector<Entry> entries(count);
    for (Entry& entry : entries) entry = random();
    return entries;
  }
  /// Why a file is refused.
  std::string refusal() const {
    try {
      const breached::Index index(path());
    } catch (const breached::Unusable& why) {
      return why.what();
    }
    return "";
  }

  db::test::TempDir folder;
};

TEST_F(BreachedIndex, S40_finds_what_it_has_and_nothing_else_in_a_few_pages) {
  const auto entries = spread(1'000'000);
  const breached::Index index(write(entries));
  EXPECT_EQ(index.size(), entries.size());
  int most = 0;
  std::int64_t all = 0;
  for (std::size_t i = 0; i < entries.size(); i += 101) {
    const auto there = index.look_up(entries[i]);
    ASSERT_TRUE(there.found) << i;
    const auto beside = index.look_up(entries[i] + 1);
    ASSERT_FALSE(beside.found) << i;
    most = std::max({most, there.pages, beside.pages});
    all += there.pages + beside.pages;
  }
  EXPECT_LE(most, 5);
  EXPECT_LE(static_cast<double>(all) / (2.0 * static_cast<double>(entries.size() / 101 + 1)), 2.5);
  EXPECT_TRUE(index.look_up(*std::ranges::min_element(entries)).found);
  EXPECT_TRUE(index.look_up(*std::ranges::max_element(entries)).found);
  EXPECT_FALSE(index.look_up(0).found);
  EXPECT_FALSE(index.look_up(~Entry{0}).found);
}

TEST_F(BreachedIndex, finds_in_indexes_of_every_small_size) {
  for (const std::size_t count : {1U, 2U, 3U, 507U, 508U, 509U, 1019U, 1020U, 1021U, 5000U}) {
    const auto entries = spread(count);
    const breached::Index index(write(entries));
    for (const Entry entry : entries) {
      ASSERT_TRUE(index.look_up(entry).found) << count;
      ASSERT_FALSE(index.look_up(entry ^ 1).found) << count;
    }
  }
}

TEST_F(BreachedIndex, entries_that_are_not_spread_evenly_take_no_more_than_halving) {
  std::vector<Entry> entries;
  for (Entry i = 0; i < 500'000; ++i) entries.push_back(i * i);
  for (Entry i = 0; i < 500'000; ++i) entries.push_back((~Entry{0} >> 20) + (i << 3));
  const breached::Index index(write(entries));
  for (std::size_t i = 0; i < entries.size(); i += 97) {
    const auto there = index.look_up(entries[i]);
    ASSERT_TRUE(there.found) << i;
    ASSERT_LE(there.pages, 6 + 14) << i;
  }
}

TEST_F(BreachedIndex, knows_passwords_by_the_first_bytes_of_their_sha1) {
  // SHA-1 of "password" is 5baa61e4c9b93f3f…
  EXPECT_EQ(breached::entry_of("password"), 0x5baa61e4c9b93f3fU);
  const breached::Index index(write({0x5baa61e4c9b93f3fU}));
  EXPECT_TRUE(index.contains("password"));
  EXPECT_FALSE(index.contains("Password"));
}

TEST_F(BreachedIndex, S41_a_file_that_is_no_index_is_refused_with_the_reason) {
  EXPECT_NE(refusal().find("No such file"), std::string::npos);
  write_raw("");
  EXPECT_NE(refusal().find("is no index of breached passwords"), std::string::npos);
  write_raw("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3730471\r\n");
  EXPECT_NE(refusal().find("is no index of breached passwords"), std::string::npos);
  EXPECT_NE(refusal().find("latchkey passwords index"), std::string::npos) << "what to do";
  write_raw(bytes_of({}, 0));
  EXPECT_NE(refusal().find("has no entries"), std::string::npos);
  std::string newer = bytes_of({1}, 1);
  newer[19] = 2;
  write_raw(newer);
  EXPECT_NE(refusal().find("version 2"), std::string::npos);
  write_raw(bytes_of({1, 2}, 3));
  EXPECT_NE(refusal().find("is truncated: its header says 3 entries, and there is room for 2"),
            std::string::npos);
  write_raw(bytes_of({1, 2}, ~std::uint64_t{0}));
  EXPECT_NE(refusal().find("is truncated"), std::string::npos) << "no size overflows";
  write_raw(bytes_of({1, 2, 3}, 2));
  EXPECT_NE(refusal().find("is longer than the 2 entries"), std::string::npos);
  write_raw(bytes_of({1, 2}, 2) + "x");
  EXPECT_NE(refusal().find("is longer"), std::string::npos);
  write_raw(bytes_of({2, 1}, 2));
  EXPECT_NE(refusal().find("is not sorted at entry 2"), std::string::npos);
  write_raw(bytes_of({1, 1}, 2));
  EXPECT_NE(refusal().find("is not sorted"), std::string::npos);
  auto shuffled = spread(100'000);
  write_raw(bytes_of(shuffled, shuffled.size()));
  EXPECT_NE(refusal().find("is not sorted"), std::string::npos);
  std::filesystem::remove(path());
  std::filesystem::create_directory(path());
  EXPECT_NE(refusal().find("is not a regular file"), std::string::npos);
}

TEST_F(BreachedIndex, S41_a_file_that_shrinks_while_it_is_open_is_an_error_and_no_crash) {
  const auto entries = spread(100'000);
  const breached::Index index(write(entries));
  ASSERT_EQ(::truncate(path().c_str(), breached::header_size + 100), 0);
  int failed = 0;
  for (std::size_t i = 0; i < entries.size(); i += 1000) {
    try {
      index.look_up(entries[i]);
    } catch (const Unavailable& why) {
      ++failed;
      EXPECT_NE(std::string_view(why.what()).find("has been truncated"), std::string_view::npos);
    }
  }
  EXPECT_GT(failed, 90);
}

TEST_F(BreachedIndex, a_draft_is_renamed_when_it_is_whole_and_removed_otherwise) {
  write({1, 2, 3});
  const breached::Index open(path());
  {
    breached::Writer unfinished(path());
    unfinished.add(7);
    EXPECT_THROW(breached::Writer{path()}, std::runtime_error) << "one writer at a time";
  }
  EXPECT_FALSE(std::filesystem::exists(path().string() + ".new"));
  EXPECT_EQ(breached::Index(path()).size(), 3U) << "what was there stays";
  write({4, 4, 5});
  EXPECT_EQ(breached::Index(path()).size(), 2U);
  EXPECT_TRUE(open.look_up(3).found) << "who has the earlier one open goes on with it";
}

TEST_F(BreachedIndex, a_sorter_hands_on_everything_in_order_however_small_its_runs_are) {
  const auto entries = spread(10'000);
  auto sorted = entries;
  std::ranges::sort(sorted);
  for (const std::size_t run : {97U, 9'999U, 10'000U, 20'000U}) {
    breached::Sorter sorter(folder.path(), run);
    for (const Entry entry : entries) sorter.add(entry);
    std::vector<Entry> drained;
    sorter.drain([&](Entry entry) { drained.push_back(entry); });
    EXPECT_EQ(drained, sorted) << run;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "its file has no name";
}

}  // namespace latchkey::crypto::breached_index_test
