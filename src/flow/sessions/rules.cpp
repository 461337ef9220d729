#include "flow/sessions/rules.h"

#include <algorithm>

namespace latchkey::flow::sessions {

bool is_alive(const store::sessions::RefreshState& refresh_state, Timestamp now) {
  return refresh_state.is_active && refresh_state.idle_expires_at > now && refresh_state.expires_at > now;
}

RefreshVerdict decide_refresh(const std::optional<store::sessions::RefreshState>& refresh_state,
                              const crypto::jose::RefreshClaims& token, Timestamp now, Microseconds grace) {
  if (!refresh_state.has_value() || !is_alive(*refresh_state, now)) return RefreshVerdict::dead;
  if (token.generation == refresh_state->generation) {
    // A failed-over database can have given this generation twice, at two moments: then one of the two is not
    // ours.
    return token.iat == to_numeric_date(refresh_state->rotated_at) ? RefreshVerdict::rotate
                                                                   : RefreshVerdict::end;
  }
  const auto elapsed = std::max(Microseconds{0}, now - refresh_state->rotated_at);
  if (token.generation + 1 == refresh_state->generation && elapsed <= grace) return RefreshVerdict::repeat;
  return RefreshVerdict::end;
}

}  // namespace latchkey::flow::sessions
