#include "flow/signin/factor_step.h"

#include "flow/signin/events.h"
#include "flow/signin/factor_attempts.h"

namespace latchkey::flow::signin {

Task<Result<sessions::TokenPair>> take_factor_step(Services& services, Origin origin, std::string login_token,
                                                   Proof proof, std::string name, ProveStep prove,
                                                   Looked looked) {
  auto progress = co_await read_login_token(services, origin, std::move(login_token));
  if (progress.has_error()) {
    note(origin, events::sign_in, progress.error().code);
    co_return progress.error();
  }
  const Subject subject = progress->account.subject;
  Error refusal;
  auto proved = co_await prove(services, origin, *progress);
  if (proved.has_value()) {
    auto tokens = co_await go_on(services, origin, std::move(*progress), proof, std::move(*proved));
    // What is refused behind a right proof, go_on has written down.
    if (tokens.has_value() || tokens.error().code != ErrorCode::invalid_code) co_return tokens;
    refusal = tokens.error();
  } else {
    refusal = proved.error();
  }
  co_await record_refused_factor(services, origin, events::sign_in, subject, refusal.code, std::move(name),
                                 looked);
  co_return refusal;
}

}  // namespace latchkey::flow::signin
