#include "flow/sessions/rules.h"

#include <algorithm>

namespace latchkey::flow::sessions {

bool is_alive(const store::sessions::Line& line, Timestamp now) {
  return line.is_active && line.idle_expires_at > now && line.expires_at > now;
}

RefreshVerdict decide_refresh(const std::optional<store::sessions::Line>& line,
                              const crypto::jose::RefreshClaims& token, Timestamp now, Microseconds grace) {
  if (!line.has_value() || !is_alive(*line, now)) return RefreshVerdict::dead;
  if (token.generation == line->generation) {
    // A failed-over database can have given this generation twice, at two moments: then one of the two is not
    // ours.
    return token.iat == to_numeric_date(line->rotated_at) ? RefreshVerdict::rotate : RefreshVerdict::end;
  }
  const auto elapsed = std::max(Microseconds{0}, now - line->rotated_at);
  if (token.generation + 1 == line->generation && elapsed <= grace) return RefreshVerdict::repeat;
  return RefreshVerdict::end;
}

}  // namespace latchkey::flow::sessions
