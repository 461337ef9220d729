#include "flow/sessions/authenticate.h"

#include "crypto/jose/access_token.h"
#include "flow/sessions/counters.h"
#include "flow/sessions/verified_tokens.h"

namespace latchkey::flow::sessions {
namespace {

using crypto::jose::SessionClaims;

using crypto::jose::ExpectedAudience;

std::optional<SessionClaims> recognize(const keys::KeySnapshot& snapshot, std::string_view token,
                                       const ExpectedAudience& expected, std::int64_t now) {
  const auto nonces = snapshot.ring().keys(crypto::KeyUse::signature_nonce);
  for (const auto& signer : snapshot.signers()) {
    if (const auto own = crypto::jose::recognize_access_token(token, signer.token_start, signer.key, nonces,
                                                              expected, now)) {
      return own;
    }
  }
  return std::nullopt;
}

/// A token that this thread has seen lately costs a hash. Any other one of this version is recognised by the
/// key that made it; those of 0.1.0, and of a node that has the next master secret already, take a signature
/// check.
std::optional<SessionClaims> verify(const Services& services, std::string_view token, Timestamp now) {
  thread_local VerifiedTokens verified;
  const auto& snapshot = *services.keys.current();
  const std::int64_t seconds = to_numeric_date(now);
  const auto digest = crypto::sha256(token);
  if (const auto known = verified.find(digest, snapshot.version(), seconds)) {
    counters::access_token_cached.add();
    return known;
  }
  const ExpectedAudience expected{.iss = services.public_url,
                                  .aud = services.public_url,
                                  .client_id = services.settings.tokens.client_id};
  auto session = recognize(snapshot, token, expected, seconds);
  if (session.has_value()) {
    counters::access_token_recognized.add();
  } else {
    const auto claims = crypto::jose::verify_access_token(token, snapshot.verify_keys(), expected, seconds);
    if (!claims.has_value()) return std::nullopt;
    counters::access_token_verified.add();
    session = SessionClaims{.sub = claims->sub, .sid = claims->sid, .exp = claims->exp};
  }
  verified.insert(digest, snapshot.version(), *session);
  return session;
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
