#include "features/mail_code/sign_in.h"

#include "features/mail_code/ask.h"
#include "flow/signin/events.h"
#include "flow/signin/progress.h"
#include "flow/signin/prove_mail_code.h"

namespace latchkey::features::mail_code {
namespace {

using flow::links::Proof;
using flow::signin::Progress;
using flow::signin::events::sign_in;

/// A sign-in that begins with this proof, for the account as it was when the code was looked at.
Task<Result<Progress>> begin(flow::Services& services, flow::Origin origin, Proof proof) {
  auto account = co_await services.database.run(store::users::find_credentials_by_id, proof.account.id);
  if (!account.has_value()) co_return Error(ErrorCode::invalid_code);
  account->security_version = proof.account.security_version;
  co_return Progress{.account = std::move(*account),
                     .done = {},
                     .first_proof_at = origin.now,
                     .token = {},
                     .binding = origin.browser};
}

Task<Result<flow::sessions::TokenPair>> prove(flow::Services& services, flow::Origin origin,
                                              CodeInput input) {
  const bool begins = !input.login_token.has_value();
  std::optional<Progress> progress;
  if (!begins) {
    auto shown = co_await flow::signin::read_login_token(services, origin, std::move(*input.login_token));
    if (shown.has_error()) co_return shown.error();
    progress = std::move(*shown);
  }
  const auto proof = co_await flow::signin::prove_mail_code(services, origin, std::move(input.handle),
                                                            std::move(input.code));
  if (proof.has_error()) co_return proof.error();
  if (begins) {
    auto begun = co_await begin(services, origin, *proof);
    if (begun.has_error()) co_return begun.error();
    progress = std::move(*begun);
  }
  if (progress->account.id != proof->account.id) co_return Error(ErrorCode::invalid_code);

  flow::signin::Consume consume = [&](db::Tx& tx) {
    return flow::signin::consume_mail_code(tx, origin, *proof);
  };
  auto tokens = co_await flow::signin::go_on(services, origin, std::move(*progress),
                                             flow::signin::Proof::mail_code, std::move(consume));
  // The account has changed meanwhile: that is the code's end, where there is no token.
  if (begins && tokens.has_error() && tokens.error().code == ErrorCode::invalid_login_token)
    co_return Error(ErrorCode::invalid_code);
  co_return tokens;
}

}  // namespace

Task<Result<flow::sessions::TokenPair>> sign_in_with_code(flow::Services& services, flow::Origin origin,
                                                          CodeInput input) {
  if (auto allowed = require_mail_sign_in(services.settings); allowed.has_error()) co_return allowed.error();
  auto tokens = co_await prove(services, origin, std::move(input));
  // What the dispatcher refuses is recorded there.
  if (tokens.has_error() && (tokens.error().code == ErrorCode::invalid_code ||
                             tokens.error().code == ErrorCode::invalid_login_token))
    flow::note(origin, sign_in, tokens.error().code);
  co_return tokens;
}

}  // namespace latchkey::features::mail_code
