#include "features/password/log_in_step.h"

#include "flow/signin/events.h"
#include "flow/signin/progress.h"
#include "flow/signin/prove_again.h"

namespace latchkey::features::password {

Task<Result<flow::sessions::TokenPair>> log_in_step(flow::Services& services, flow::Origin origin,
                                                    std::string login_token, Secret password) {
  using flow::signin::events::sign_in;
  auto progress = co_await flow::signin::read_login_token(services, origin, std::move(login_token));
  if (progress.has_error()) {
    flow::note(origin, sign_in, progress.error().code);
    co_return progress.error();
  }
  auto proved = co_await flow::signin::prove_own_password(services, origin, progress->account,
                                                          std::move(password), sign_in);
  if (proved.has_error()) co_return proved.error();
  co_return co_await flow::signin::go_on(services, std::move(origin), std::move(*progress),
                                         flow::signin::Proof::password, std::move(*proved));
}

}  // namespace latchkey::features::password
