#include "flow/sessions/tokens.h"

#include <algorithm>

#include "crypto/jose/access_token.h"
#include "crypto/jose/refresh_token.h"
#include "crypto/random.h"

namespace latchkey::flow::sessions {

TokenPair make_token_pair(const Services& services, const SessionState& state, Timestamp now) {
  if (state.is_browser) return {.access_token = {}, .refresh_token = {}, .session = state.id};
  const auto& snapshot = services.keys.current();
  const auto& signer = snapshot->signer(now);
  const auto access_expires_at = std::min(now + services.settings.tokens.access_ttl, state.expires_at);
  const crypto::jose::AccessClaims access{.iss = services.public_url,
                                          .aud = services.public_url,
                                          .client_id = services.settings.tokens.client_id,
                                          .sub = state.subject,
                                          .sid = state.id,
                                          .jti = crypto::new_token_id(),
                                          .iat = to_numeric_date(now),
                                          .exp = to_numeric_date(access_expires_at),
                                          .role = state.role};
  const crypto::jose::RefreshClaims refresh{.sid = state.id,
                                            .generation = state.generation,
                                            .iat = to_numeric_date(state.rotated_at),
                                            .exp = to_numeric_date(state.idle_expires_at)};
  return {.access_token = crypto::jose::make_access_token(
              access, signer.token_start, signer.key, snapshot->ring().key(crypto::KeyUse::signature_nonce)),
          .refresh_token =
              crypto::jose::make_refresh_token(refresh, snapshot->ring().key(crypto::KeyUse::refresh_token)),
          .expires_in = access.exp - access.iat,
          .session = state.id};
}

}  // namespace latchkey::flow::sessions
