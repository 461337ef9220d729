#include <gtest/gtest.h>

#include <set>

#include "crypto/random.h"
#include "flow/links/code.h"

namespace latchkey::flow::links {
namespace {

Secret master(char c) { return Secret{std::string(32, c)}; }
crypto::Keyring ring_of(char current, std::string_view previous = "", std::int64_t epoch = 1) {
  std::vector<Secret> old;
  for (const char c : previous) old.push_back(master(c));
  return {master(current), old, epoch};
}

TEST(MailCode, FollowsFromIdAndPurposeAndNothingElse) {
  const auto ring = ring_of('a');
  const LinkId id = *parse_id<LinkId>("000102030405060708090a0b0c0d0e0f");
  const std::string code = make_code(ring, id, "password_reset");
  EXPECT_EQ(code.size(), 8U);
  EXPECT_EQ(make_code(ring_of('a', "b"), id, "password_reset"), code) << "a mail that is sent again";
  EXPECT_NE(make_code(ring, id, "sign_in"), code);
  EXPECT_NE(make_code(ring, crypto::new_link_id(), "password_reset"), code);
  EXPECT_NE(make_code(ring_of('b'), id, "password_reset"), code);
  EXPECT_NE(make_code(ring_of('a', "", 2), id, "password_reset"), code) << "a restore voids it";
}

TEST(MailCode, AreEightDigitsWithTheirZerosAndSpreadEvenly) {
  const auto ring = ring_of('a');
  int first[10] = {};
  std::set<std::string> seen;
  for (int i = 0; i < 4000; ++i) {
    const std::string code = make_code(ring, crypto::new_link_id(), "p");
    ASSERT_EQ(code.size(), 8U);
    ASSERT_EQ(code.find_first_not_of("0123456789"), std::string::npos);
    ++first[code[0] - '0'];
    seen.insert(code);
  }
  for (const int count : first) EXPECT_NEAR(count, 400, 120);
  EXPECT_GT(seen.size(), 3990U);
}

TEST(MailCode, IsGoodUnderThePreviousMasterSecret) {
  const LinkId id = crypto::new_link_id();
  const std::string code = make_code(ring_of('a'), id, "p");
  EXPECT_TRUE(is_one_of(code, codes_of(ring_of('b', "a"), id, "p")));
  EXPECT_FALSE(is_one_of(code, codes_of(ring_of('b'), id, "p")));
  EXPECT_FALSE(is_one_of(code, {}));
}

TEST(MailCode, IsReadAsPeopleTypeIt) {
  for (const char* typed : {"12345678", " 1234 5678 ", "1234-5678", "12-34-56-78", "\t12345678"})
    EXPECT_EQ(read_code(typed), "12345678") << typed;
  for (const char* typed : {"", "1234567", "123456789", "1234567x", "+12345678", "1234.5678", "12345678\n",
                            "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6\xd9\xa7\xd9\xa8"})
    EXPECT_EQ(read_code(typed), std::nullopt) << typed;
  EXPECT_EQ(read_code(std::string(1'000'000, ' ')), std::nullopt);
}

TEST(MailCode, L50_AHandleHidesItsMailAndHowItsTriesAreCounted) {
  const auto ring = ring_of('a');
  const auto& key = ring.key(crypto::KeyUse::code_handle);
  std::set<std::int64_t> shown;
  for (std::int64_t counted = 0; counted < 3; ++counted) {
    const Handled handled{.mail = crypto::new_link_id(), .counted = counted};
    for (int i = 0; i < 40; ++i) {
      const LinkId handle = crypto::new_link_id();
      const Handled masked = mask(key, handle, handled);
      EXPECT_NE(masked.mail, handled.mail);
      EXPECT_EQ(mask(key, handle, masked), handled);
      shown.insert(masked.counted);
    }
  }
  EXPECT_EQ(shown, (std::set<std::int64_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace latchkey::flow::links
