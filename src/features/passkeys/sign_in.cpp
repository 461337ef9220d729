#include "features/passkeys/sign_in.h"

#include "flow/signin/events.h"
#include "flow/signin/progress.h"

namespace latchkey::features::passkeys {

namespace signin = flow::signin;

Task<Result<flow::sessions::TokenPair>> sign_in(flow::Services& services, flow::Origin origin,
                                                std::optional<std::string> login_token,
                                                signin::PasskeyAssertion assertion) {
  std::optional<signin::Progress> progress;
  std::optional<store::users::Credentials> account;
  if (login_token.has_value()) {
    auto read = co_await signin::read_login_token(services, origin, std::move(*login_token));
    if (read.has_error()) {
      flow::note(origin, signin::events::sign_in, read.error().code);
      co_return read.error();
    }
    account = read->account;
    progress = std::move(*read);
  }
  auto proved =
      co_await signin::prove_passkey(services, origin, signin::events::sign_in, signin::Ceremony::sign_in,
                                     std::move(assertion), std::move(account));
  if (proved.has_error()) co_return proved.error();
  if (!progress.has_value()) {
    progress = signin::Progress{.account = std::move(proved->account),
                                .done = {},
                                .first_proof_at = origin.now,
                                .token = {},
                                .binding = origin.browser};
  }
  auto tokens = co_await signin::go_on(services, origin, std::move(*progress), proved->done,
                                       std::move(proved->consume));
  if (tokens.has_error()) {
    // The transaction has told everything else.
    const ErrorCode code = tokens.error().code;
    if (code == ErrorCode::invalid_passkey || code == ErrorCode::invalid_login_token)
      flow::note(origin, signin::events::sign_in, code);
  }
  co_return tokens;
}

}  // namespace latchkey::features::passkeys
