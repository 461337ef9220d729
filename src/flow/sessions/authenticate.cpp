#include "flow/sessions/authenticate.h"

#include "crypto/jose/access_token.h"
#include "flow/sessions/counters.h"
#include "flow/sessions/verified_tokens.h"

namespace latchkey::flow::sessions {
namespace {

std::optional<VerifiedToken> verify(const Services& services, std::string_view token, Timestamp now) {
  thread_local VerifiedTokens verified;
  const auto& snapshot = *services.keys.current();
  const std::int64_t seconds = to_numeric_date(now);
  const auto digest = crypto::sha256(token);
  if (const auto known = verified.find(digest, snapshot.version(), seconds)) {
    counters::access_token_cached.add();
    return known;
  }
  const crypto::jose::ExpectedAudience expected{.iss = services.public_url,
                                                .aud = services.public_url,
                                                .client_id = services.settings.tokens.client_id};
  const auto claims = crypto::jose::verify_access_token(token, snapshot.verify_keys(), expected, seconds);
  if (!claims.has_value()) return std::nullopt;
  counters::access_token_verified.add();
  const VerifiedToken result{.sub = claims->sub, .sid = claims->sid, .exp = claims->exp};
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
