#include "flow/signin/progress.h"

#include <memory>

#include "crypto/jose/login_token.h"
#include "crypto/random.h"
#include "flow/sessions/open_session.h"
#include "flow/signin/devices.h"
#include "flow/signin/events.h"
#include "flow/signin/factor_attempts.h"
#include "flow/signin/lost_factors.h"
#include "flow/signin/relying_party.h"
#include "store/attempts.h"
#include "store/spent.h"

namespace latchkey::flow::signin {
namespace {

namespace jose = crypto::jose;

Error changed(db::Tx& tx, const Origin& origin, UserId account) {
  const auto now = tx.run(store::users::find_user, origin.now, account);
  const bool blocked = now.has_value() && !now->is_active;
  return blocked ? ErrorCode::account_blocked : ErrorCode::invalid_login_token;
}

}  // namespace

AccountState state_of(const store::users::Credentials& account, const store::factors::Steps& steps) {
  return {.is_active = account.is_active,
          .confirmed = account.confirmed,
          .has_password = !store::factors::without_mark(account.password_hash).empty(),
          .has_totp = steps.has_totp,
          .has_passkey = steps.passkeys > 0,
          .has_recovery_codes = steps.recovery_codes > 0,
          .must_change_password = steps.must_change_password,
          .deletion_scheduled = steps.deletion_due_at.has_value()};
}

AccountState state_of(db::Tx& tx, const store::users::Credentials& account) {
  if (!store::factors::is_marked(account.password_hash)) return state_of(account, store::factors::Steps{});
  const auto steps = tx.run(store::factors::find_steps, account.id);
  return state_of(account, steps.value_or(store::factors::Steps{}));
}

Task<AccountState> read_state(Services& services, store::users::Credentials account) {
  if (!store::factors::is_marked(account.password_hash)) co_return state_of(account, store::factors::Steps{});
  const auto steps = co_await services.database.run(store::factors::find_steps, account.id);
  co_return state_of(account, steps.value_or(store::factors::Steps{}));
}

std::string words_of(Done done) {
  static constexpr std::pair<Proof, std::string_view> names[] = {
      {Proof::password, "password"}, {Proof::mail_code, "code"},
      {Proof::passkey, "passkey"},   {Proof::user_verified, "user_verified"},
      {Proof::totp, "totp"},         {Proof::recovery_code, "recovery_code"}};
  std::string words;
  for (const auto& [proof, name] : names) {
    if (!done.has(proof)) continue;
    if (!words.empty()) words += ' ';
    words += name;
  }
  return words;
}

Policy policy_for(const Settings& settings, Role role) {
  const bool demanded = settings.admin.second_factor == settings::SecondFactor::required;
  return {.confirmation_required = settings.accounts.confirmation == settings::Confirmation::required,
          .factor_required = demanded && role == Role::admin};
}

Result<> expect_step(const Services& services, const Progress& progress, Step::Kind wanted,
                     const AccountState& account, Timestamp now) {
  const auto step = next_step(account, progress.done, policy_for(services.settings, progress.account.role));
  if (step.kind == wanted) return {};
  if (step.kind == Step::Kind::refuse) return Error(step.refusal);
  if (step.kind == Step::Kind::done || step.kind == Step::Kind::identify)
    return Error(ErrorCode::invalid_login_token);
  return missing_step(services, progress, step.kind, account, now);
}

Error missing_step(const Services& services, const Progress& progress, Step::Kind step,
                   const AccountState& account, Timestamp now) {
  const Timestamp expires_at = progress.first_proof_at + login_token_ttl;
  // Whoever has proved nothing more has the same token still: a new one would have new tries.
  const LinkId id = progress.token == LinkId{} ? crypto::new_link_id() : progress.token;
  const jose::LoginClaims claims{.jti = id,
                                 .sub = progress.account.subject,
                                 .version = progress.account.security_version,
                                 .done = progress.done.bits(),
                                 .first = to_numeric_date(progress.first_proof_at),
                                 .binding = progress.binding,
                                 .iat = to_numeric_date(now),
                                 .exp = to_numeric_date(expires_at)};
  auto methods = methods_of(step, account);
  if (!services.settings.accounts.mail_sign_in) std::erase(methods, "code");
  if (step == Step::Kind::enrol_factor && relying_party(services).has_error()) std::erase(methods, "passkey");
  const auto snapshot = services.keys.current();
  Error error(code_of(step));
  error.step = std::make_shared<const MissingStep>(
      MissingStep{.login_token = jose::make_own_token(jose::login_token_form, claims,
                                                      snapshot->ring().key(crypto::KeyUse::login_token)),
                  .methods = std::move(methods),
                  .expires_in = std::chrono::floor<Seconds>(expires_at - now),
                  .recovery_codes = {}});
  return error;
}

Task<Result<Progress>> read_login_token(Services& services, Origin origin, std::string token) {
  const auto snapshot = services.keys.current();
  const auto claims =
      jose::read_own_token(jose::login_token_form, token, snapshot->ring().keys(crypto::KeyUse::login_token));
  if (!claims.has_value() || claims->exp <= to_numeric_date(origin.now) || claims->binding != origin.browser)
    co_return Error(ErrorCode::invalid_login_token);
  const auto spent = co_await services.database.run(store::spent::find_id, claims->jti);
  if (spent.has_value()) co_return Error(ErrorCode::invalid_login_token);
  auto account = co_await services.database.run(store::users::find_credentials_by_subject, claims->sub);
  if (account.has_value() && !account->is_active) co_return Error(ErrorCode::account_blocked);
  if (!account.has_value() || account->security_version != claims->version)
    co_return Error(ErrorCode::invalid_login_token);
  co_return Progress{.account = std::move(*account),
                     .done = Done::from_bits(claims->done),
                     .first_proof_at = Timestamp{Seconds{claims->first}},
                     .token = claims->jti,
                     .binding = claims->binding};
}

bool spend_login_token(db::Tx& tx, const Progress& progress) {
  const Timestamp expires_at = progress.first_proof_at + login_token_ttl;
  return tx.run(store::spent::consume_id, progress.token, expires_at).has_value();
}

Task<Result<sessions::TokenPair>> go_on(Services& services, Origin origin, Progress progress, Proof proof,
                                        Consume consume) {
  co_return co_await go_on(services, std::move(origin), std::move(progress), Done().with(proof),
                           std::move(consume));
}

Task<Result<sessions::TokenPair>> go_on(Services& services, Origin origin, Progress progress, Done proved,
                                        Consume consume) {
  const auto device = co_await find_device(services, client_of(origin), progress.account.subject);
  // May run again, so it changes nothing of `progress`.
  auto work = [&](db::Tx& tx) -> Result<sessions::SessionState> {
    const UserId id = progress.account.id;
    const auto held = tx.run(store::attempts::hold, id, progress.account.security_version);
    if (!held.has_value()) return changed(tx, origin, id);
    const bool is_first = progress.token == LinkId{};
    if (!is_first && tx.run(store::spent::find_id, progress.token).has_value())
      return Error(ErrorCode::invalid_login_token);
    if (auto used = consume(tx); used.has_error()) return used.error();
    if (!is_first) spend_login_token(tx, progress);
    // What the proof has changed counts: a code that confirms the address, a new password.
    auto changed_by_proof = tx.run(store::users::find_credentials_by_id, id);
    if (!changed_by_proof.has_value()) return Error(ErrorCode::invalid_login_token);
    Progress after = progress;
    after.token = {};
    after.account = std::move(*changed_by_proof);
    after.done = Done::from_bits(progress.done.bits() | proved.bits());
    const auto& account = after.account;
    const auto state = state_of(tx, account);
    const auto step = next_step(state, after.done, policy_for(services.settings, account.role));
    const std::string subject = to_string(account.subject);
    if (step.kind == Step::Kind::refuse) {
      record(tx, origin, events::sign_in, step.refusal, subject, words_of(after.done));
      return Error(step.refusal);
    }
    if (step.kind != Step::Kind::done) {
      record(tx, origin, events::sign_in, code_of(step.kind), subject, words_of(after.done));
      return missing_step(services, after, step.kind, state, origin.now);
    }
    tx.run_later(store::attempts::update_last_sign_in, origin.now, account.id);
    const bool has_factor = state.has_totp || state.has_passkey;
    if (has_factor && after.done.has_factor()) stop_removal_of_lost(tx, origin, account.id, account.subject);
    const bool by_another_factor = proved.has(Proof::passkey) || proved.has(Proof::recovery_code);
    if (state.has_totp && by_another_factor) open_closed_factor(tx, account.id);
    sessions::make_room(tx, services.settings, origin, account.id, account.subject, held->sessions);
    welcome_device(tx, account.id, device, 0, origin.now);
    record(tx, origin, events::sign_in, ok, subject, words_of(after.done));
    return sessions::open_session(tx, services.settings, origin, account.id, account.subject, account.role,
                                  after.done.bits());
  };
  const auto session = co_await services.database.write(work);
  if (session.has_error()) co_return session.error();
  co_return sessions::make_token_pair(services, *session, origin.now);
}

}  // namespace latchkey::flow::signin
