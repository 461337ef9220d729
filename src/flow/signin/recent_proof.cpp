#include "flow/signin/recent_proof.h"

#include "flow/signin/next_step.h"

namespace latchkey::flow::signin {

bool is_recent(const store::sessions::Proved& proved, Timestamp now) {
  const bool is_strong = !proved.has_factor || Done::from_bits(proved.methods).has_factor();
  return is_strong && now < proved.authenticated_at + recent;
}

Task<Result<>> require_recent_proof(Services& services, Timestamp now, SessionId session) {
  const auto proved = co_await services.database.run(store::sessions::find_proved, session);
  if (!proved.has_value() || !is_recent(*proved, now)) co_return Error(ErrorCode::recent_sign_in_required);
  co_return Result<>{};
}

}  // namespace latchkey::flow::signin
