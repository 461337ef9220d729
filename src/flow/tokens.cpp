#include "flow/tokens.h"

#include <algorithm>

#include "crypto/access_token.h"
#include "crypto/random.h"
#include "crypto/refresh_token.h"

namespace latchkey::flow {

TokenPair make_token_pair(const Services& services, const SessionState& state, Timestamp now) {
  const auto& snapshot = services.keys.current();
  const auto& signer = snapshot->signer(now);
  const auto access_expires_at = std::min(now + services.settings.tokens.access_ttl, state.expires_at);
  const crypto::AccessClaims access{.iss = services.public_url,
                                    .aud = services.public_url,
                                    .client_id = services.settings.tokens.client_id,
                                    .sub = state.subject,
                                    .sid = state.id,
                                    .jti = crypto::new_token_id(),
                                    .iat = to_numeric_date(now),
                                    .exp = to_numeric_date(access_expires_at),
                                    .role = state.role};
  const crypto::RefreshClaims refresh{.sid = state.id,
                                      .generation = state.generation,
                                      .iat = to_numeric_date(state.rotated_at),
                                      .exp = to_numeric_date(state.idle_expires_at)};
  return {.access_token = crypto::make_access_token(access, signer.kid, signer.key),
          .refresh_token = crypto::make_refresh_token(refresh, snapshot->ring().refresh_key()),
          .expires_in = access.exp - access.iat};
}

}  // namespace latchkey::flow
