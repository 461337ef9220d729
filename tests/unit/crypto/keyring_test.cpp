#include "crypto/keyring.h"

#include <gtest/gtest.h>

#include "crypto/jose/confirmation_token.h"
#include "crypto/jose/refresh_token.h"
#include "crypto/random.h"
#include "unit/crypto/fixtures.h"

namespace latchkey::crypto {
namespace {

using namespace test;

Secret master(char c) { return Secret{std::string(32, c)}; }

Keyring keyring(char current, std::string_view previous, std::int64_t epoch) {
  std::vector<Secret> old;
  for (const char c : previous) old.push_back(master(c));
  return Keyring{master(current), old, epoch};
}

const jose::RefreshClaims claims{{}, 1, 2, 3};

TEST(Keyring, recognises_tokens_of_previous_masters) {
  const Keyring first = keyring('a', "", 1);
  const Keyring second = keyring('b', "a", 1);
  const Keyring third = keyring('c', "ba", 1);
  const std::string token = jose::make_refresh_token(claims, first.key(KeyUse::refresh_token));
  EXPECT_TRUE(jose::verify_refresh_token(token, first.keys(KeyUse::refresh_token)));
  EXPECT_TRUE(jose::verify_refresh_token(token, second.keys(KeyUse::refresh_token)));
  EXPECT_TRUE(jose::verify_refresh_token(token, third.keys(KeyUse::refresh_token)));
  EXPECT_FALSE(jose::verify_refresh_token(token, keyring('b', "", 1).keys(KeyUse::refresh_token)));
  EXPECT_FALSE(jose::verify_refresh_token(jose::make_refresh_token(claims, second.key(KeyUse::refresh_token)),
                                          first.keys(KeyUse::refresh_token)))
      << "new tokens are made with the current master";
  const std::string link = jose::make_confirmation_token({}, first.key(KeyUse::confirmation_link));
  EXPECT_TRUE(jose::verify_confirmation_token(link, second.keys(KeyUse::confirmation_link)));
  EXPECT_FALSE(jose::verify_confirmation_token(link, keyring('b', "", 1).keys(KeyUse::confirmation_link)));
}

TEST(Keyring, C04_keeps_purposes_apart) {
  const Keyring ring = keyring('a', "", 1);
  EXPECT_FALSE(
      jose::verify_refresh_token(jose::make_refresh_token(claims, ring.key(KeyUse::confirmation_link)),
                                 ring.keys(KeyUse::refresh_token)));
  EXPECT_FALSE(
      jose::verify_confirmation_token(jose::make_confirmation_token({}, ring.key(KeyUse::refresh_token)),
                                      ring.keys(KeyUse::confirmation_link)));
}

TEST(Keyring, D09_another_epoch_recognises_nothing) {
  const Keyring before = keyring('a', "b", 1);
  const Keyring after = keyring('a', "b", 2);
  EXPECT_FALSE(jose::verify_refresh_token(jose::make_refresh_token(claims, before.key(KeyUse::refresh_token)),
                                          after.keys(KeyUse::refresh_token)));
  EXPECT_FALSE(jose::verify_confirmation_token(
      jose::make_confirmation_token({}, before.key(KeyUse::confirmation_link)),
      after.keys(KeyUse::confirmation_link)));
  const jose::SigningKey key = jose::SigningKey::generate();
  EXPECT_FALSE(after.unwrap(before.wrap(key, "kid"), "kid"));
}

TEST(Keyring, names_of_devices_outlive_a_restore) {
  const Keyring before = keyring('a', "b", 1);
  const Keyring after = keyring('a', "b", 2);
  EXPECT_EQ(before.key(KeyUse::device).tag("x"), after.key(KeyUse::device).tag("x"));
  EXPECT_NE(before.key(KeyUse::device).tag("x"), keyring('c', "", 1).key(KeyUse::device).tag("x"));
  EXPECT_NE(before.key(KeyUse::cursor).tag("x"), after.key(KeyUse::cursor).tag("x"));
}

TEST(Keyring, wraps_signing_keys) {
  const Keyring ring = keyring('b', "", 1);
  const jose::SigningKey key = jose::SigningKey::generate();
  const Bytes wrapped = ring.wrap(key, "kid");
  const auto unwrapped = ring.unwrap(wrapped, "kid");
  ASSERT_TRUE(unwrapped);
  EXPECT_EQ(unwrapped->key.point(), key.point());
  EXPECT_FALSE(unwrapped->under_previous_master);
  EXPECT_FALSE(ring.unwrap(wrapped, "other kid")) << "a row's key can not be moved to another row";
  EXPECT_FALSE(ring.unwrap({}, "kid"));
  EXPECT_FALSE(keyring('c', "", 1).unwrap(wrapped, "kid"));

  const Keyring next = keyring('c', "b", 1);
  const auto old = next.unwrap(wrapped, "kid");
  ASSERT_TRUE(old);
  EXPECT_TRUE(old->under_previous_master);
  const auto again = next.unwrap(next.wrap(old->key, "kid"), "kid");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->under_previous_master);
}

TEST(Keyring, D07_a_wrapped_key_shows_nothing_of_it) {
  const jose::SigningKey key = jose::SigningKey::generate();
  const Secret der = key.to_pkcs8();
  const Bytes wrapped = keyring('b', "", 1).wrap(key, "kid");
  EXPECT_EQ(view_text(wrapped).find(der.text().substr(0, 16)), std::string_view::npos);
}

TEST(Keyring, refuses_short_masters) {
  const std::vector<Secret> none;
  EXPECT_THROW(Keyring(Secret{"short"}, none, 1), std::invalid_argument);
  EXPECT_THROW(Keyring(Secret{}, none, 1), std::invalid_argument);
}

TEST(Keyring, stays_whole_when_moved) {
  Keyring ring = keyring('a', "b", 1);
  const std::string token = jose::make_refresh_token(claims, ring.key(KeyUse::refresh_token));
  const Keyring moved = std::move(ring);
  EXPECT_TRUE(jose::verify_refresh_token(token, moved.keys(KeyUse::refresh_token)));
}

}  // namespace
}  // namespace latchkey::crypto
