#include "features/sudo/prove.h"

#include "flow/signin/events.h"
#include "flow/signin/factor_attempts.h"
#include "flow/signin/prove_again.h"
#include "flow/signin/prove_mail_code.h"
#include "flow/signin/prove_recovery_code.h"
#include "flow/signin/prove_totp.h"
#include "flow/signin/recovery_codes.h"

namespace latchkey::features::sudo {
namespace {

namespace signin = flow::signin;

signin::Proof kind_of(const Means& means) {
  if (std::holds_alternative<ByTotp>(means)) return signin::Proof::totp;
  if (std::holds_alternative<ByRecoveryCode>(means)) return signin::Proof::recovery_code;
  if (std::holds_alternative<ByMailCode>(means)) return signin::Proof::mail_code;
  return signin::Proof::password;
}

/// Uses the code up and changes nothing else: the session is its owner's already, so there is nobody whose
/// ways in would have to end.
Task<Result<signin::Consume>> look_at_mail_code(flow::Services& services, flow::Origin origin, UserId account,
                                                ByMailCode shown) {
  if (!services.settings.accounts.mail_sign_in)
    co_return Error(ErrorCode::forbidden, "This service mails no codes for signing in");
  const auto proof = co_await signin::prove_mail_code(services, std::move(origin), std::move(shown.handle),
                                                      std::move(shown.code));
  if (proof.has_error()) co_return proof.error();
  if (proof->account.id != account) co_return Error(ErrorCode::invalid_code);
  signin::Consume consume = [proof = *proof](db::Tx& tx) -> Result<> {
    if (!flow::links::spend(tx, proof)) return Error(ErrorCode::invalid_code);
    return {};
  };
  co_return std::move(consume);
}

Task<Result<signin::Consume>> look_at(flow::Services& services, flow::Origin origin,
                                      store::users::Credentials account, SessionId session, Means means) {
  if (auto* totp = std::get_if<ByTotp>(&means)) {
    co_return co_await signin::prove_totp(services, std::move(origin), account.id, account.subject,
                                          std::move(totp->code));
  }
  if (auto* recovery = std::get_if<ByRecoveryCode>(&means)) {
    const auto counted = signin::counted_with(session, origin.now);
    co_return co_await signin::prove_recovery_code(services, std::move(origin), account.id, account.subject,
                                                   counted, std::move(recovery->code));
  }
  if (auto* mailed = std::get_if<ByMailCode>(&means)) {
    co_return co_await look_at_mail_code(services, std::move(origin), account.id, std::move(*mailed));
  }
  auto& password = std::get<ByPassword>(means).password;
  co_return co_await signin::prove_own_password(services, std::move(origin), signin::events::proved_again,
                                                std::move(account), std::move(password));
}

Task<Result<>> prove_by_passkey(flow::Services& services, flow::Origin origin,
                                store::users::Credentials account, SessionId session, ByPasskey assertion) {
  auto proved = co_await signin::prove_passkey(services, origin, signin::events::proved_again,
                                               signin::Ceremony::recent_proof, std::move(assertion), account);
  if (proved.has_error()) co_return proved.error();
  const auto again = co_await signin::prove_again(services, origin, std::move(account), session, proved->done,
                                                  std::move(proved->consume));
  if (again.has_error()) flow::note(origin, signin::events::proved_again, again.error().code);
  co_return again;
}

}  // namespace

Task<Result<>> prove(flow::Services& services, flow::Origin origin, Own own, Means means) {
  const auto account = co_await signin::read_own_account(services, own.subject);
  if (account.has_error()) co_return account.error();
  if (auto* assertion = std::get_if<ByPasskey>(&means)) {
    co_return co_await prove_by_passkey(services, std::move(origin), *account, own.session,
                                        std::move(*assertion));
  }
  const auto proof = kind_of(means);
  const auto done = signin::Done().with(proof);
  if (auto strong = co_await signin::require_strong_proof(services, *account, done); strong.has_error())
    co_return strong;
  auto looked = signin::Looked::at_it;
  if (const auto* typed = std::get_if<ByRecoveryCode>(&means)) looked = signin::looked_at(typed->code);
  auto proved = co_await look_at(services, origin, *account, own.session, std::move(means));
  Error refusal;
  if (proved.has_value()) {
    const auto again =
        co_await signin::prove_again(services, origin, *account, own.session, done, std::move(*proved));
    if (again.has_value()) co_return again;
    refusal = again.error();
  } else {
    refusal = proved.error();
  }
  // A wrong password is written down where it is counted.
  if (proof == signin::Proof::mail_code) {
    // So is a wrong code of a mail.
    flow::note(origin, signin::events::proved_again, refusal.code);
  } else if (proof != signin::Proof::password) {
    co_await signin::record_refused_factor(services, origin, signin::events::proved_again, own.subject,
                                           refusal.code,
                                           proof == signin::Proof::totp ? "totp" : "recovery_code", looked);
  }
  co_return refusal;
}

}  // namespace latchkey::features::sudo
