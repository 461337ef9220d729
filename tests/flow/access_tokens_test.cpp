// flow/sessions: by which way an access token is found good, and that no way passes over a revoked key.

#include "crypto/jose/access_token.h"
#include "flow/keys/rotation.h"
#include "flow/sessions/authenticate.h"
#include "flow/sessions/counters.h"
#include "flow/world.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;
namespace jose = crypto::jose;

class AccessTokens : public World {
 protected:
  bool is_accepted(const std::string& token) {
    return wait(sessions::authenticate(services, now, token)).has_value();
  }

  /// What each way has counted.
  struct Counts {
    std::uint64_t recognized = sessions::counters::access_token_recognized.value();
    std::uint64_t cached = sessions::counters::access_token_cached.value();
    std::uint64_t verified = sessions::counters::access_token_verified.value();
    friend Counts operator-(Counts a, const Counts& b) {
      a.recognized -= b.recognized;
      a.cached -= b.cached;
      a.verified -= b.verified;
      return a;
    }
    bool operator==(const Counts&) const = default;
  };
  Counts counts_of(const std::string& token) {
    const Counts before;
    EXPECT_TRUE(is_accepted(token));
    return Counts{} - before;
  }

  jose::ExpectedAudience expected() const {
    return {.iss = services.public_url, .aud = services.public_url, .client_id = settings.tokens.client_id};
  }

  /// The same claims under the same key, signed as a program signs that derives no nonce from our secret.
  std::string sign_as_before(const std::string& token) {
    const crypto::HmacKey others{Secret("nonces that this program does not know")};
    const auto& snapshot = keys.current();
    const auto claims =
        jose::verify_access_token(token, snapshot->verify_keys(), expected(), to_numeric_date(now));
    const auto& signer = snapshot->signer(now);
    return jose::make_access_token(claims.value(), signer.token_start, signer.key, others);
  }
};

LATCHKEY_ON_EVERY_DATABASE(AccessTokens);

TEST_P(AccessTokens, F58_IsRecognisedAtFirstAndRememberedLater) {
  member("a@example.org");
  const std::string token = log_in("a@example.org").value().access_token;
  EXPECT_EQ(counts_of(token), (Counts{.recognized = 1, .cached = 0, .verified = 0}));
  EXPECT_EQ(counts_of(token), (Counts{.recognized = 0, .cached = 1, .verified = 0}));
}

TEST_P(AccessTokens, F58_ManyTokensTakeNoSignatureCheck) {
  member("a@example.org");
  std::vector<std::string> tokens;
  for (int i = 0; i < 20; ++i) tokens.push_back(log_in("a@example.org").value().access_token);
  const Counts before;
  for (const auto& token : tokens) EXPECT_TRUE(is_accepted(token));
  EXPECT_EQ(Counts{} - before, (Counts{.recognized = 20, .cached = 0, .verified = 0}));
}

TEST_P(AccessTokens, Z48_F58_OfTheVersionBeforeIsVerifiedAndThenRemembered) {
  member("a@example.org");
  const std::string token = sign_as_before(log_in("a@example.org").value().access_token);
  EXPECT_EQ(counts_of(token), (Counts{.recognized = 0, .cached = 0, .verified = 1}));
  EXPECT_EQ(counts_of(token), (Counts{.recognized = 0, .cached = 1, .verified = 0}));
}

TEST_P(AccessTokens, F58_AChangedOneIsRefusedByEveryWay) {
  member("a@example.org");
  const std::string token = log_in("a@example.org").value().access_token;
  EXPECT_TRUE(is_accepted(token));
  for (std::size_t i = 0; i < token.size(); i += 7) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(is_accepted(changed)) << i;
  }
  EXPECT_FALSE(is_accepted(token.substr(0, token.rfind('.'))));
  EXPECT_FALSE(is_accepted(token.substr(0, token.rfind('.') + 1)));
  EXPECT_FALSE(is_accepted(token.substr(0, token.size() - 1)));
}

TEST_P(AccessTokens, T17_F58_EachKeyRecognisesItsOwnAndARevokedOneNothing) {
  settings.tokens.access_ttl = 1h;
  member("a@example.org");
  const std::string old_token = log_in("a@example.org").value().access_token;
  const std::string old_kid = keys.current()->signer(now).kid;
  ASSERT_TRUE(keys::rotate_keys(database, keys, settings, origin(), keys::RotationCause::operator_request));
  now += keys::key_publication_lead;
  ASSERT_NE(keys.current()->signer(now).kid, old_kid);
  const std::string new_token = log_in("a@example.org").value().access_token;
  EXPECT_EQ(counts_of(old_token), (Counts{.recognized = 1, .cached = 0, .verified = 0}));
  EXPECT_EQ(counts_of(new_token), (Counts{.recognized = 1, .cached = 0, .verified = 0}));

  EXPECT_TRUE(keys::revoke_key(database, keys, origin(), old_kid).has_value());
  EXPECT_FALSE(is_accepted(old_token));
  EXPECT_EQ(counts_of(new_token), (Counts{.recognized = 1, .cached = 0, .verified = 0}));
}

TEST_P(AccessTokens, Z50_F58_ANewMasterSecretRecognisesWhatTheOneBeforeSigned) {
  member("a@example.org");
  const std::string token = log_in("a@example.org").value().access_token;
  std::vector<Secret> previous;
  previous.emplace_back("0123456789abcdef0123456789abcdef");
  keys::Keys renewed{database, Secret("fedcba9876543210fedcba9876543210"), std::move(previous)};
  renewed.reload();
  keys::rekey(database, renewed, origin());
  keys::Keys alone{database, Secret("fedcba9876543210fedcba9876543210"), {}};
  alone.reload();
  const auto seconds = to_numeric_date(now);
  const auto is_recognized = [&](const keys::KeySnapshot& snapshot) {
    const auto& signer = snapshot.signer(now);
    return jose::recognize_access_token(token, signer.token_start, signer.key,
                                        snapshot.ring().keys(crypto::KeyUse::signature_nonce), expected(),
                                        seconds)
        .has_value();
  };
  EXPECT_TRUE(is_recognized(*keys.current()));
  EXPECT_TRUE(is_recognized(*renewed.current())) << "by the nonces of the previous secret";
  EXPECT_FALSE(is_recognized(*alone.current())) << "which is gone here";
  EXPECT_TRUE(jose::verify_access_token(token, alone.current()->verify_keys(), expected(), seconds))
      << "and verified";
}

}  // namespace
}  // namespace latchkey::flow
