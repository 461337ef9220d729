#include "features/password/give_password.h"

#include "flow/signin/events.h"
#include "flow/signin/progress.h"
#include "flow/signin/prove_again.h"

namespace latchkey::features::password {

namespace signin = flow::signin;

Task<Result<flow::sessions::TokenPair>> give_password(flow::Services& services, flow::Origin origin,
                                                      std::string login_token, Secret password) {
  auto progress = co_await signin::read_login_token(services, origin, std::move(login_token));
  if (progress.has_error()) {
    flow::note(origin, signin::events::sign_in, progress.error().code);
    co_return progress.error();
  }
  store::users::Credentials account = progress->account;
  auto proved = co_await signin::prove_own_password(services, origin, signin::events::sign_in,
                                                    std::move(account), std::move(password));
  if (proved.has_error()) co_return proved.error();
  co_return co_await signin::go_on(services, std::move(origin), std::move(*progress), signin::Proof::password,
                                   std::move(*proved));
}

}  // namespace latchkey::features::password
