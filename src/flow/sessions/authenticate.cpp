#include "flow/sessions/authenticate.h"

#include "crypto/jose/access_token.h"
#include "flow/sessions/counters.h"
#include "flow/sessions/verified_tokens.h"

namespace latchkey::flow::sessions {
namespace {

using crypto::jose::SessionClaims;

/// Tokens of this version are recognised by the keys that made them. Those of an earlier one, and of a node
/// that has the next master secret already, take a signature check at first.
std::optional<SessionClaims> verify(const Services& services, std::string_view token, Timestamp now) {
  const auto& snapshot = *services.keys.current();
  const std::int64_t seconds = to_numeric_date(now);
  const crypto::jose::ExpectedAudience expected{.iss = services.public_url,
                                                .aud = services.public_url,
                                                .client_id = services.settings.tokens.client_id};
  const auto nonces = snapshot.ring().keys(crypto::KeyUse::signature_nonce);
  for (const auto& signer : snapshot.signers()) {
    if (const auto own = crypto::jose::recognize_access_token(token, signer.token_start, signer.key, nonces,
                                                              expected, seconds)) {
      counters::access_token_recognized.add();
      return own;
    }
  }
  thread_local VerifiedTokens verified;
  const auto digest = crypto::sha256(token);
  if (const auto known = verified.find(digest, snapshot.version(), seconds)) {
    counters::access_token_cached.add();
    return known;
  }
  const auto claims = crypto::jose::verify_access_token(token, snapshot.verify_keys(), expected, seconds);
  if (!claims.has_value()) return std::nullopt;
  counters::access_token_verified.add();
  const SessionClaims result{.sub = claims->sub, .sid = claims->sid, .exp = claims->exp};
  verified.insert(digest, snapshot.version(), result);
  return result;
}

}  // namespace

Task<Result<Caller>> authenticate(Services& services, Timestamp now, std::string_view access_token) {
  const auto token = verify(services, access_token, now);
  if (!token.has_value()) {
    counters::access_token_refused.add();
    co_return Error(ErrorCode::invalid_token);
  }
  auto user = co_await services.database.run(store::sessions::find_bearer, token->sid, now);
  if (!user.has_value() || user->subject != token->sub) {
    counters::access_token_refused.add();
    co_return Error(ErrorCode::invalid_token);
  }
  co_return Caller{.user = std::move(*user), .session = token->sid};
}

}  // namespace latchkey::flow::sessions
