#include "flow/signin/prove_totp.h"

#include "crypto/totp.h"
#include "flow/signin/factor_attempts.h"
#include "store/totp.h"

namespace latchkey::flow::signin {

Task<Result<Consume>> prove_totp(Services& services, Origin origin, UserId account, Subject subject,
                                 std::string code) {
  const auto stored = co_await services.database.run(store::totp::find_totp, account);
  if (!stored.has_value()) co_return Error(ErrorCode::factor_not_found);
  const auto number = co_await count_factor_attempt(services, origin, account);
  if (number.has_error()) co_return number.error();
  const auto snapshot = services.keys.current();
  const auto opened = snapshot->ring().open_totp(stored->sealed_secret, subject);
  // Sealed under a master secret that this server was not given: a fault of the operator, and no wrong code.
  if (!opened.has_value()) throw Fault("the secret of an authenticator app can not be opened");
  const auto step = crypto::find_totp_step(opened->secret, code, origin.now, stored->last_step);
  if (!step.has_value()) {
    co_await close_factor_after(services, std::move(origin), account, *number);
    co_return Error(ErrorCode::invalid_code);
  }
  Consume consume = [step = *step, now = origin.now, account, id = stored->id](db::Tx& tx) -> Result<> {
    if (!tx.run(store::totp::consume_step, step, now, account, id).has_value())
      return Error(ErrorCode::invalid_code);
    forget_factor_attempts(tx, account);
    return {};
  };
  co_return std::move(consume);
}

}  // namespace latchkey::flow::signin
