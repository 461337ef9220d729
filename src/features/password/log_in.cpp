#include "features/password/log_in.h"

#include <optional>

#include "base/email_address.h"
#include "base/metrics.h"
#include "crypto/password/hash.h"
#include "flow/accounts/validation.h"
#include "flow/limits/repeated_refusal.h"
#include "flow/sessions/open_session.h"
#include "store/attempts.h"
#include "store/state.h"
#include "store/users.h"

namespace latchkey::features::password {
namespace {

using metrics::Counter;
using store::users::Credentials;

Seconds whole_seconds(Microseconds wait) { return std::max(Seconds{1}, std::chrono::ceil<Seconds>(wait)); }

Error locked(Microseconds wait) { return {ErrorCode::too_many_attempts, whole_seconds(wait)}; }

/// Counts the attempt before the password is looked at: a burst of guesses can not pass the limit. An address
/// without account is counted in memory and pays with a write that means nothing, so that its answer takes as
/// long.
Task<Result<>> reserve_attempt(flow::Services& services, Timestamp now, std::string email_key,
                               std::optional<Credentials> account) {
  const auto& limits = services.settings.limits;
  if (!limits.enabled) co_return Result<>{};
  if (!account.has_value()) {
    if (const auto wait =
            services.strangers.reserve(email_key, now, limits.login_failures, limits.login_lock)) {
      co_return locked(*wait);
    }
    co_await services.database.run(store::state::update_decoy);
    co_return Result<>{};
  }
  if (account->locked_until > now) co_return locked(account->locked_until - now);
  const auto wait =
      flow::limits::lock_after(account->failed_sign_ins + 1, limits.login_failures, limits.login_lock)
          .value_or(limits.login_lock);
  const auto reserved = co_await services.database.run(
      store::attempts::reserve, std::int64_t{limits.login_failures}, now + wait, account->id, now);
  // Locked since it was read, by one of many at once.
  if (!reserved.has_value()) co_return locked(limits.login_lock);
  co_return Result<>{};
}

/// What is left to decide after a right password, in the order of the contract.
std::optional<ErrorCode> refuse_after_password(const flow::Services& services, const Credentials& account) {
  const bool required = services.settings.accounts.confirmation == settings::Confirmation::required;
  if (required && !account.confirmed) return ErrorCode::email_not_confirmed;
  if (!account.is_active) return ErrorCode::account_blocked;
  return std::nullopt;
}

void count_refusal(ErrorCode code) {
  switch (code) {
    case ErrorCode::email_not_confirmed:
      return metrics::count(Counter::sign_in_unconfirmed);
    case ErrorCode::account_blocked:
      return metrics::count(Counter::sign_in_blocked);
    case ErrorCode::too_many_attempts:
      return metrics::count(Counter::sign_in_limited);
    case ErrorCode::overloaded:
      return metrics::count(Counter::sign_in_overloaded);
    default:
      return metrics::count(Counter::sign_in_invalid);
  }
}

/// Writes the refusal down, for a known account in the audit. An unknown address costs the same and leaves
/// nothing: strangers can not grow a table. For the same reason not everyone of those that were not even
/// looked at leaves something.
Task<> record_refusal(flow::Services& services, flow::Origin origin, std::optional<Credentials> account,
                      ErrorCode code) {
  count_refusal(code);
  const bool written = code != ErrorCode::too_many_attempts ||
                       (account.has_value() &&
                        flow::limits::is_due_for_audit(services, "sign_in", account->subject, origin.now));
  if (!written) {
    co_await services.database.run(store::state::update_decoy);
    co_return;
  }
  const bool right_password = code == ErrorCode::email_not_confirmed || code == ErrorCode::account_blocked;
  const Subject subject = account.has_value() ? account->subject : Subject{};
  const auto entry = flow::audit_entry(origin, "sign_in", describe(code).code, to_string(subject));
  auto work = [&](db::Tx& tx) {
    if (right_password) tx.run(store::attempts::forgive, account->id);
    store::audit::insert_entry(tx, entry);
    if (!account.has_value()) store::audit::remove_entry(tx, entry);
  };
  co_await services.database.write(work);
}

/// The password was not looked at, since the hashing queue is full: that is no failure of whoever tried.
Task<> give_attempt_back(flow::Services& services, Timestamp now, std::string email_key,
                         std::optional<Credentials> account) {
  metrics::count(Counter::sign_in_overloaded);
  if (!services.settings.limits.enabled) co_return;
  if (account.has_value()) {
    co_await services.database.run(store::attempts::give_back, now, account->id);
  } else {
    services.strangers.give_back(email_key);
    co_await services.database.run(store::state::update_decoy);
  }
}

/// The hash to keep from now on, when the one that matched was made with other parameters than today's.
Task<std::optional<std::string>> renewed_hash(flow::Services& services, const Credentials& account,
                                              Secret nfc) {
  if (!crypto::password::needs_rehash(account.password_hash, services.hashing.parameters()))
    co_return std::nullopt;
  auto hash = co_await services.hashing.hash(std::move(nfc));
  // A full queue is no reason to refuse: the next sign-in tries again.
  if (hash.has_error()) co_return std::nullopt;
  co_return *hash;
}

/// Opens the session if the account is still what the password was checked against: not blocked, removed or
/// given another hash while the password was being hashed. Refuses with account_blocked, and with
/// invalid_credentials for the other two.
Result<flow::sessions::SessionState> write_session(db::Tx& tx, const flow::Services& services,
                                                   const flow::Origin& origin, const Credentials& account,
                                                   const std::optional<std::string>& new_hash) {
  if (!tx.run(store::attempts::forget, account.id, account.password_hash).has_value()) {
    const auto now = tx.run(store::users::find_user, origin.now, account.id);
    const bool blocked = now.has_value() && !now->is_active;
    return Error(blocked ? ErrorCode::account_blocked : ErrorCode::invalid_credentials);
  }
  if (new_hash.has_value()) {
    tx.run_later(store::attempts::update_password_hash, *new_hash, account.id, account.password_hash);
  }
  store::audit::insert_entry(tx, flow::audit_entry(origin, "sign_in", "ok", to_string(account.subject)));
  return flow::sessions::open_session(tx, services.settings, origin, account.id, account.subject,
                                      account.role);
}

Task<Result<flow::sessions::SessionState>> try_open_session(flow::Services& services, flow::Origin origin,
                                                            Credentials account, Secret nfc) {
  const auto new_hash = co_await renewed_hash(services, account, std::move(nfc));
  auto work = [&](db::Tx& tx) { return write_session(tx, services, origin, account, new_hash); };
  co_return co_await services.database.write(work);
}

}  // namespace

Task<Result<flow::sessions::TokenPair>> log_in(flow::Services& services, flow::Origin origin,
                                               LoginInput input) {
  // A storm that is not looked at must not load the store by counting its attempts.
  if (auto room = services.hashing.check_queue(); room.has_error()) {
    metrics::count(Counter::sign_in_overloaded);
    co_return room.error();
  }
  const auto email = parse_email_address(input.email, services.settings.accounts.domains_without_dot);
  auto tried = flow::accounts::read_tried_password(services.settings, input.password.text());
  // What can not be an address is looked for all the same, so that it costs what any other does.
  const std::string key = email.has_value() ? email->key.value : std::string("@");
  std::optional<Credentials> account = co_await services.database.run(store::users::find_credentials, key);

  const auto reserved = co_await reserve_attempt(services, origin.now, key, account);
  if (reserved.has_error()) {
    co_await record_refusal(services, origin, account, reserved.error().code);
    co_return reserved.error();
  }

  // Equal work for everybody: a password that can not match, and an account that does not exist, are hashed
  // too.
  const bool possible = account.has_value() && tried.has_value();
  const std::string stored = possible ? account->password_hash : services.hashing.decoy();
  Secret raw = tried.has_value() ? tried->raw.copy() : Secret("impossible");
  Secret nfc = tried.has_value() ? tried->nfc.copy() : Secret("impossible");
  const auto verified = co_await services.hashing.verify(stored, std::move(raw), std::move(nfc));
  if (verified.has_error()) {
    co_await give_attempt_back(services, origin.now, key, account);
    co_return verified.error();
  }
  if (!possible || *verified != crypto::password::Verification::matches) {
    co_await record_refusal(services, origin, account, ErrorCode::invalid_credentials);
    co_return Error(ErrorCode::invalid_credentials);
  }
  if (const auto refusal = refuse_after_password(services, *account)) {
    co_await record_refusal(services, origin, account, *refusal);
    co_return Error(*refusal);
  }

  auto session = co_await try_open_session(services, origin, *account, tried->nfc.copy());
  if (session.has_error() && session.error().code == ErrorCode::invalid_credentials) {
    // Of two sign-ins at once, the other renewed the hash. The same password matches the new one, unless it
    // was changed.
    account = co_await services.database.run(store::users::find_credentials, key);
    const std::string current = account.has_value() ? account->password_hash : services.hashing.decoy();
    const auto again = co_await services.hashing.verify(current, std::move(tried->raw), tried->nfc.copy());
    if (again.has_error()) {
      co_await give_attempt_back(services, origin.now, key, account);
      co_return again.error();
    }
    if (account.has_value() && *again == crypto::password::Verification::matches) {
      session = co_await try_open_session(services, origin, *account, std::move(tried->nfc));
    }
  }
  if (session.has_error()) {
    co_await record_refusal(services, origin, account, session.error().code);
    co_return session.error();
  }
  metrics::count(Counter::sign_in_ok);
  metrics::count(Counter::session_opened);
  co_return flow::sessions::make_token_pair(services, *session, origin.now);
}

}  // namespace latchkey::features::password
