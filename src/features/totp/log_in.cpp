#include "features/totp/log_in.h"

#include "flow/signin/events.h"
#include "flow/signin/factor_attempts.h"
#include "flow/signin/progress.h"
#include "flow/signin/prove_totp.h"

namespace latchkey::features::totp {

Task<Result<flow::sessions::TokenPair>> log_in(flow::Services& services, flow::Origin origin,
                                               std::string login_token, std::string code) {
  auto progress = co_await flow::signin::read_login_token(services, origin, std::move(login_token));
  if (progress.has_error()) {
    flow::note(origin, flow::signin::events::sign_in, progress.error().code);
    co_return progress.error();
  }
  const UserId account = progress->account.id;
  const Subject subject = progress->account.subject;
  Error refusal;
  auto proved = co_await flow::signin::prove_totp(services, origin, account, subject, std::move(code));
  if (proved.has_value()) {
    auto tokens = co_await flow::signin::go_on(services, origin, std::move(*progress),
                                               flow::signin::Proof::totp, std::move(*proved));
    // What is refused behind a right proof, go_on has written down.
    if (tokens.has_value() || tokens.error().code != ErrorCode::invalid_code) co_return tokens;
    refusal = tokens.error();
  } else {
    refusal = proved.error();
  }
  co_await flow::signin::record_refused_factor(services, origin, flow::signin::events::sign_in, subject,
                                               refusal.code, "totp");
  co_return refusal;
}

}  // namespace latchkey::features::totp
