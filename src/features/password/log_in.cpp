#include "features/password/log_in.h"

#include <optional>

#include "base/email_address.h"
#include "crypto/password/hash.h"
#include "flow/accounts/validation.h"
#include "flow/signin/events.h"
#include "flow/signin/finish.h"
#include "flow/signin/next_step.h"
#include "flow/signin/progress.h"
#include "flow/signin/prove_password.h"
#include "store/attempts.h"
#include "store/factors.h"
#include "store/users.h"

namespace latchkey::features::password {
namespace {

using crypto::password::TriedPassword;
using flow::signin::Attempt;
using flow::signin::events::sign_in;

/// Behind the device in an entry that nobody's wrong password caused: the account can not sign in before it
/// has a new one.
constexpr std::string_view unusable_hash = "; the stored hash is unreadable or beyond the bounds";

/// Writes the refusal down, for a known account in the audit. An unknown address costs the same and leaves
/// nothing: strangers can not grow a table. For the same reason, few of those that were not even looked at
/// leave something; the others write nothing, whoever they are about (finding F46).
Task<> record_refusal(flow::Services& services, flow::Origin origin, Attempt attempt, ErrorCode code,
                      bool step_is_missing) {
  const auto& account = attempt.account;
  const std::string device(flow::signin::device_word(attempt));
  if (code == ErrorCode::too_many_attempts) {
    if (account.has_value()) {
      co_await flow::refuse(services, std::move(origin), sign_in, code, account->subject, device);
    } else {
      co_await flow::refuse_nobody(services, std::move(origin), sign_in, code, attempt.counter);
    }
    co_return;
  }
  const bool right_password =
      code == ErrorCode::email_not_confirmed || code == ErrorCode::account_blocked || step_is_missing;
  auto work = [&](db::Tx& tx) {
    if (right_password) flow::signin::forgive_attempt(tx, attempt);
    if (account.has_value()) {
      const bool unusable =
          code == ErrorCode::invalid_credentials &&
          !crypto::password::is_acceptable_hash(store::factors::without_mark(account->password_hash),
                                                services.hashing.parameters());
      flow::record_refusal(tx, services, origin, sign_in, code, to_string(account->subject),
                           unusable ? device + std::string(unusable_hash) : device);
    } else {
      flow::record_for_nobody(tx, origin, sign_in, code, device);
    }
    if (!right_password) flow::signin::close_after_failure(tx, services, origin, attempt);
  };
  co_await services.database.write(work);
}

Task<Error> refuse(flow::Services& services, flow::Origin origin, Attempt attempt, Error refusal) {
  if (refusal.code == ErrorCode::overloaded) {
    flow::note(origin, sign_in, ErrorCode::overloaded);
  } else {
    co_await record_refusal(services, std::move(origin), std::move(attempt), refusal.code,
                            refusal.step != nullptr);
  }
  co_return refusal;
}

/// What comes after a right password. `tried` stays with the caller: where the account has changed meanwhile,
/// it is tried again.
Task<Result<flow::sessions::SessionState>> go_on(flow::Services& services, flow::Origin origin,
                                                 Attempt attempt, const TriedPassword& tried) {
  const auto& account = *attempt.account;
  const auto state = co_await flow::signin::read_state(services, account);
  constexpr auto done = flow::signin::Done().with(flow::signin::Proof::password);
  const auto step =
      flow::signin::next_step(state, done, flow::signin::policy_for(services.settings, account.role));
  if (step.kind == flow::signin::Step::Kind::refuse) co_return Error(step.refusal);
  std::optional<std::string> new_hash;
  const auto hash_now = store::factors::without_mark(account.password_hash);
  if (crypto::password::needs_rehash(hash_now, services.hashing.parameters()) &&
      crypto::password::covers_whole(hash_now, tried)) {
    Secret password = tried.nfc.copy();
    auto hash = co_await services.hashing.hash(client_of(origin), std::move(password));
    // A full queue is no reason to refuse: the next sign-in tries again.
    if (hash.has_value()) new_hash = std::move(*hash);
  }
  if (step.kind != flow::signin::Step::Kind::done) {
    // A later step does not see the password any more. The version stays, and so do login tokens.
    if (new_hash.has_value()) {
      std::string marked = store::factors::marked_like(account.password_hash, *new_hash);
      co_await services.database.run(store::attempts::update_password_hash, std::move(marked), account.id,
                                     account.password_hash);
    }
    const flow::signin::Progress progress{.account = account,
                                          .done = done,
                                          .first_proof_at = origin.now,
                                          .token = {},
                                          .binding = origin.browser};
    co_return flow::signin::missing_step(services, progress, step.kind, state, origin.now);
  }
  auto work = [&](db::Tx& tx) {
    return flow::signin::finish_sign_in(tx, services.settings, origin, attempt, new_hash);
  };
  co_return co_await services.database.write(work);
}

}  // namespace

// Of the password there is one Secret, which moves: from the decoded form through the hashing pool and back.
// A second one is made where the text is not in NFC, and for the time that a hash is renewed, since the
// sign-in may have to look at the password once more. What the HTTP room holds of the body is its own, and
// wiped there.
Task<Result<flow::sessions::TokenPair>> log_in(flow::Services& services, flow::Origin origin,
                                               LoginInput input) {
  const auto client = client_of(origin);
  // A storm that is not looked at must not load the store by counting its attempts.
  if (auto room = services.hashing.check_queue(client); room.has_error()) {
    flow::note(origin, sign_in, ErrorCode::overloaded);
    co_return room.error();
  }
  const auto email = parse_email_address(input.email, services.settings.accounts.domains_without_dot);
  // What can not be an address is looked for all the same, so that it costs what any other does.
  const std::string key = email.has_value() ? email->key.value : std::string("@");
  Attempt attempt;
  attempt.client = client;
  // Each such text is counted by itself: who mistypes an address has nothing to do with who mistypes another.
  attempt.counter = email.has_value() ? key : "@" + input.email;
  attempt.account = co_await services.database.run(store::users::find_credentials, key);
  const Subject subject = attempt.account.has_value() ? attempt.account->subject : Subject{};
  attempt.device = co_await flow::signin::find_device(services, client, subject);
  const auto number = co_await flow::signin::count_attempt(services, origin.now, attempt);
  if (number.has_error()) co_return co_await refuse(services, origin, attempt, number.error());
  attempt.number = *number;

  auto password = flow::accounts::read_tried_password(services.settings, std::move(input.password));
  for (bool again = false;; again = true) {
    auto proved = co_await flow::signin::prove_password(services, origin.now, attempt, std::move(password));
    if (proved.has_error()) co_return co_await refuse(services, origin, attempt, proved.error());
    const auto session = co_await go_on(services, origin, attempt, *proved);
    if (session.has_value()) co_return flow::sessions::make_token_pair(services, *session, origin.now);
    if (session.error().code != ErrorCode::invalid_credentials || again)
      co_return co_await refuse(services, origin, attempt, session.error());
    // The account has changed while this sign-in was under way: of two at once, say, the other renewed the
    // hash. The same password matches the new one, unless it was changed. This is no new try.
    attempt.account = co_await services.database.run(store::users::find_credentials, key);
    password = std::move(*proved);
  }
}

}  // namespace latchkey::features::password
