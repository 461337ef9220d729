#include "flow/signin/recent_proof.h"

#include "flow/signin/next_step.h"
#include "store/sessions.h"

namespace latchkey::flow::signin {

Task<Result<>> require_recent_proof(Services& services, Timestamp now, SessionId session) {
  const auto proved = co_await services.database.run(store::sessions::find_proved, session);
  const bool is_recent = proved.has_value() && now < proved->authenticated_at + recent;
  const bool is_strong = is_recent && (!proved->has_factor || Done::from_bits(proved->methods).has_factor());
  if (!is_strong) co_return Error(ErrorCode::recent_sign_in_required);
  co_return Result<>{};
}

}  // namespace latchkey::flow::signin
