#include "features/factor_removal/removal.h"

#include "features/factor_removal/events.h"
#include "features/factor_removal/mails.h"
#include "features/factor_removal/waiting.h"
#include "flow/accounts/factors.h"
#include "flow/signin/progress.h"
#include "store/attempts.h"
#include "store/factor_removals.h"
#include "store/factors.h"
#include "store/scheduled.h"

namespace latchkey::features::factor_removal {
namespace {

namespace removals = store::factor_removals;
namespace users = store::users;
using flow::signin::Proof;

const std::string kind(store::scheduled::factor_removal);

struct Named {
  LinkId removal;
  users::Contact account;
};

Task<Result<Named>> read_link(flow::Services& services, Timestamp now, std::string token) {
  const auto snapshot = services.keys.current();
  const auto claims =
      crypto::jose::read_own_token(stop_link.token, token, snapshot->ring().keys(stop_link.key));
  if (!claims.has_value() || claims->exp <= to_numeric_date(now)) co_return Error(ErrorCode::invalid_link);
  auto account = co_await services.database.run(users::find_contact_by_subject, claims->sub);
  if (!account.has_value() || !account->is_active ||
      crypto::jose::address_fingerprint(account->email_key) != claims->address)
    co_return Error(ErrorCode::invalid_link);
  const auto waiting = co_await services.database.run(store::scheduled::find_of_user, account->id, kind);
  if (!waiting.has_value() || waiting->id != claims->jti) co_return Error(ErrorCode::invalid_link);
  co_return Named{.removal = claims->jti, .account = std::move(*account)};
}

/// What the owner has removed meanwhile is no fault, and neither is a password that the owner has removed.
void remove_factors(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                    const users::Credentials& account, Which which) {
  if (!has_any(tx.run(store::factors::find_steps, account.id).value(), which)) return;
  if (which == Which::all) return flow::accounts::remove_all_factors(tx, services, origin, account);
  const auto removed = which == Which::totp
                           ? flow::accounts::remove_totp(tx, services, origin, account.id)
                           : flow::accounts::remove_passkeys(tx, services, origin, account.id);
  if (removed.has_error())
    flow::record(tx, origin, flow::accounts::factor_removed, removed.error().code, to_string(account.subject),
                 name_of(which));
}

/// The factors go, or the owner is reminded: whichever the row is waiting for.
std::int64_t carry_out(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                       const removals::Removal& removal) {
  const auto account = tx.run(users::find_credentials_by_id, removal.user_id);
  // The account's row first, as a sign-in locks it, which would stop the removal.
  if (!account.has_value() ||
      !tx.run(store::attempts::hold, account->id, account->security_version).has_value())
    return 0;
  const Wanted wanted = read_detail(removal.detail);
  if (removal.due_at <= origin.now) {
    if (!tx.run(store::scheduled::consume_due, removal.id, origin.now).has_value()) return 0;
    remove_factors(tx, services, origin, *account, wanted.which);
    return 1;
  }
  if (!tx.run(removals::consume_reminder, removal.id).has_value()) return 0;
  const auto owner = tx.run(users::find_contact_by_id, removal.user_id).value();
  queue_removal_mail(tx, services, origin, owner,
                     {.id = removal.id, .wanted = wanted, .due_at = removal.due_at}, Notice::reminder, "");
  return 0;
}

}  // namespace

Task<Result<Timestamp>> ask_for_removal(flow::Services& services, flow::Origin origin,
                                        std::string login_token, std::string language) {
  const auto delay = services.settings.accounts.factor_removal_delay;
  if (delay == Microseconds{0})
    co_return Error(ErrorCode::forbidden, "Only the operator of this server removes lost factors");
  auto progress = co_await flow::signin::read_login_token(services, origin, std::move(login_token));
  if (progress.has_error()) co_return progress.error();
  if (!progress->done.has(Proof::password) || !progress->done.has(Proof::mail_code))
    co_return Error(ErrorCode::invalid_login_token, "Prove the password and a mailed code first");
  const auto& account = progress->account;
  auto work = [&](db::Tx& tx) -> Result<Timestamp> {
    if (!tx.run(store::attempts::hold, account.id, account.security_version).has_value())
      return Error(ErrorCode::invalid_login_token);
    if (!has_any(tx.run(store::factors::find_steps, account.id).value(), Which::all))
      return Error(ErrorCode::factor_not_found);
    // Of many at once with one token one goes on.
    if (!flow::signin::spend_login_token(tx, *progress)) return Error(ErrorCode::invalid_login_token);
    return schedule_removal(tx, services, origin, account, Wanted{}, delay, language);
  };
  co_return co_await services.database.write(work);  // no caller: by login token
}

Task<Result<users::Contact>> look_at_stop_link(flow::Services& services, flow::Origin origin,
                                               std::string token) {
  auto named = co_await read_link(services, origin.now, std::move(token));
  if (named.has_error()) co_return named.error();
  co_return std::move(named->account);
}

Task<Result<>> stop_by_link(flow::Services& services, flow::Origin origin, std::string token) {
  const auto named = co_await read_link(services, origin.now, std::move(token));
  if (named.has_error()) {
    flow::note(origin, events::removal_stopped, ErrorCode::invalid_link);
    co_return named.error();
  }
  auto work = [&](db::Tx& tx) -> Result<> {
    const auto account = tx.run(users::find_credentials_by_id, named->account.id);
    if (!account.has_value() ||
        !tx.run(store::attempts::hold, account->id, account->security_version).has_value())
      return Error(ErrorCode::invalid_link);
    if (!tx.run(removals::delete_removal, named->removal).has_value()) return Error(ErrorCode::invalid_link);
    // Whoever is about to ask for it again has to begin anew.
    tx.run(store::factors::raise_version, origin.now, account->id);
    flow::record(tx, origin, events::removal_stopped, flow::ok, to_string(account->subject));
    return {};
  };
  co_return co_await services.database.write(work);  // no caller: by link
}

flow::Swept sweep_removals(flow::Services& services, const flow::Origin& origin, std::string_view,
                           std::int64_t) {
  const std::int64_t twice_now = 2 * origin.now.time_since_epoch().count();
  const auto waiting =
      services.database.run_now(removals::list_waiting, origin.now, twice_now, std::int64_t{1});
  if (waiting.empty()) return {};
  auto work = [&](db::Tx& tx) { return carry_out(tx, services, origin, waiting.front()); };
  flow::Swept swept = flow::remove_now(services, work);
  swept.written = 1;
  swept.continue_at = std::string();
  return swept;
}

}  // namespace latchkey::features::factor_removal
