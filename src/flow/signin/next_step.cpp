#include "flow/signin/next_step.h"

namespace latchkey::flow::signin {
namespace {

Step refuse(ErrorCode code) { return {.kind = Step::Kind::refuse, .refusal = code}; }

}  // namespace

Step next_step(const AccountState& account, Done done, const Policy& policy) {
  if (done.nothing()) return {.kind = Step::Kind::identify};
  if (!account.is_active) return refuse(ErrorCode::account_blocked);
  if (policy.confirmation_required && !account.confirmed) return refuse(ErrorCode::email_not_confirmed);
  return {.kind = Step::Kind::done};
}

}  // namespace latchkey::flow::signin
