#include "features/totp/log_in.h"

#include "flow/signin/factor_step.h"
#include "flow/signin/prove_totp.h"

namespace latchkey::features::totp {

Task<Result<flow::sessions::TokenPair>> log_in(flow::Services& services, flow::Origin origin,
                                               std::string login_token, std::string code) {
  flow::signin::ProveStep prove = [&code](flow::Services& with, flow::Origin from,
                                          const flow::signin::Progress& progress) {
    return flow::signin::prove_totp(with, std::move(from), progress.account.id, progress.account.subject,
                                    std::move(code));
  };
  co_return co_await flow::signin::take_factor_step(services, std::move(origin), std::move(login_token),
                                                    flow::signin::Proof::totp, "totp", std::move(prove));
}

}  // namespace latchkey::features::totp
