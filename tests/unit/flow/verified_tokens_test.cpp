// The table of verified tokens: it may forget, but never says what was not verified under the present keys.

#include <gtest/gtest.h>

#include <string>

#include "crypto/random.h"
#include "flow/sessions/verified_tokens.h"

namespace latchkey::flow {
namespace {

constexpr std::int64_t now = 1'800'000'000;

crypto::Sha256Digest digest_of(int number) { return crypto::sha256("token " + std::to_string(number)); }

sessions::VerifiedToken token_until(std::int64_t exp) {
  return {.sub = crypto::new_subject(), .sid = crypto::new_session_id(), .exp = exp};
}

TEST(VerifiedTokens, RemembersUntilTheTokenExpires) {
  sessions::VerifiedTokens tokens;
  EXPECT_FALSE(tokens.find(digest_of(1), 1, now).has_value());
  const auto verified = token_until(now + 10);
  tokens.insert(digest_of(1), 1, verified);
  const auto found = tokens.find(digest_of(1), 1, now + 9);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->sub, verified.sub);
  EXPECT_EQ(found->sid, verified.sid);
  EXPECT_FALSE(tokens.find(digest_of(1), 1, now + 10).has_value());
  EXPECT_FALSE(tokens.find(digest_of(2), 1, now).has_value());
}

TEST(VerifiedTokens, T17OtherKeysEmptyIt) {
  sessions::VerifiedTokens tokens;
  tokens.insert(digest_of(1), 1, token_until(now + 10));
  EXPECT_FALSE(tokens.find(digest_of(1), 2, now).has_value());
  // For good: the old number does not bring it back.
  EXPECT_FALSE(tokens.find(digest_of(1), 1, now).has_value());
}

TEST(VerifiedTokens, HoldsThousandsAndForgetsWhatExpiresFirst) {
  sessions::VerifiedTokens tokens;
  constexpr int some = 4000;
  for (int i = 0; i < some; ++i) tokens.insert(digest_of(i), 1, token_until(now + 100));
  int held = 0;
  for (int i = 0; i < some; ++i) held += tokens.find(digest_of(i), 1, now).has_value() ? 1 : 0;
  EXPECT_GT(held, some * 99 / 100);
  // A flood of tokens that expire sooner takes the places of each other, but where a set was full.
  constexpr int flood = 200'000;
  for (int i = 0; i < flood; ++i) tokens.insert(digest_of(some + i), 1, token_until(now + 50));
  int left = 0;
  for (int i = 0; i < some; ++i) left += tokens.find(digest_of(i), 1, now).has_value() ? 1 : 0;
  EXPECT_GT(left, held * 99 / 100);
}

}  // namespace
}  // namespace latchkey::flow
