#include "features/password_change/change.h"

#include "features/password_change/events.h"
#include "features/password_change/mails.h"
#include "flow/accounts/change_password.h"
#include "flow/accounts/notice.h"
#include "flow/accounts/validation.h"
#include "flow/accounts/ways_in.h"
#include "flow/events.h"
#include "flow/sessions/hold_caller.h"
#include "flow/signin/attempts.h"
#include "flow/signin/devices.h"
#include "flow/signin/prove_password.h"
#include "flow/signin/recent_proof.h"
#include "store/attempts.h"
#include "store/users.h"

namespace latchkey::features::password_change {
namespace {

namespace users = store::users;
using flow::sessions::Caller;
using flow::sessions::Recency;
using flow::sessions::write_as;

/// Proves the current password. Whoever holds a stolen token must not be able to guess it here: it is counted
/// like a sign-in from the same place.
Task<Result<>> prove_current(flow::Services& services, flow::Origin origin, users::Credentials account,
                             Secret current) {
  flow::signin::Attempt attempt;
  attempt.client = client_of(origin);
  attempt.device = co_await flow::signin::find_device(services, attempt.client, account.subject);
  attempt.account = std::move(account);
  const auto number = co_await flow::signin::count_attempt(services, origin.now, attempt);
  if (number.has_error()) {
    co_await flow::refuse(services, origin, events::password_changed, number.error().code,
                          attempt.account->subject);
    co_return number.error();
  }
  attempt.number = *number;
  auto tried = flow::accounts::read_tried_password(services.settings, std::move(current));
  const auto proved = co_await flow::signin::prove_password(services, origin.now, attempt, std::move(tried));
  const bool is_wrong = proved.has_error() && proved.error().code == ErrorCode::invalid_credentials;
  if (proved.has_error() && !is_wrong) co_return proved.error();
  auto work = [&](db::Tx& tx) {
    if (!is_wrong) return flow::signin::forgive_attempt(tx, attempt);
    flow::record_refusal(tx, services, origin, events::password_changed, ErrorCode::invalid_credentials,
                         to_string(attempt.account->subject));
    flow::signin::close_after_failure(tx, services, origin, attempt);
  };
  co_await services.database.write(work);  // counts a try, whoever asks
  if (is_wrong) co_return Error(ErrorCode::invalid_credentials, "The current password is wrong");
  co_return Result<>{};
}

Task<Result<>> prove(flow::Services& services, flow::Origin origin, SessionId session,
                     users::Credentials account, std::optional<Secret> current) {
  if (current.has_value())
    co_return co_await prove_current(services, std::move(origin), std::move(account), std::move(*current));
  co_return co_await flow::signin::require_recent_proof(services, origin.now, session);
}

/// The account as it is now: a change is refused if it changes once more until the transaction.
struct Account {
  users::Credentials credentials;
  users::Contact contact;
};
Task<Result<Account>> find_account(flow::Services& services, UserId id) {
  auto credentials = co_await services.database.run(users::find_credentials_by_id, id);
  auto contact = co_await services.database.run(users::find_contact_by_id, id);
  if (!credentials.has_value() || !contact.has_value()) co_return Error(ErrorCode::invalid_token);
  co_return Account{.credentials = std::move(*credentials), .contact = std::move(*contact)};
}

DeviceId device_of(const flow::Services& services, const flow::Origin& origin, const Subject& account) {
  return flow::signin::device_id(services.keys.current()->ring(), account, client_of(origin));
}

}  // namespace

Task<Result<>> change_password(flow::Services& services, flow::Origin origin, Caller caller, Change change) {
  const auto account = co_await find_account(services, caller.user.id);
  if (account.has_error()) co_return account.error();
  const Recency recency = change.current.has_value() ? Recency::any : Recency::recent;
  const auto proved =
      co_await prove(services, origin, caller.session, account->credentials, std::move(change.current));
  if (proved.has_error()) co_return proved.error();
  const auto hash = co_await flow::accounts::hash_new_password(services, client_of(origin), account->contact,
                                                               std::move(change.password));
  if (hash.has_error()) co_return hash.error();

  const flow::accounts::KeptSessions kept{.all = change.others == OtherSessions::keep, .one = caller.session};
  const DeviceId device = device_of(services, origin, account->contact.subject);
  auto work = [&](db::Tx& tx) -> Result<> {
    const auto& owner = account->contact;
    if (!flow::accounts::change_password_by_owner(tx, origin, owner.id, account->credentials.security_version,
                                                  *hash, device, kept))
      return Error(ErrorCode::recent_sign_in_required);
    flow::accounts::queue_notice(tx, services, origin, owner, replaced_message,
                                 {{"ended", kept.all ? "" : "yes"}}, change.language);
    flow::record(tx, origin, events::password_changed, flow::ok, to_string(owner.subject));
    return {};
  };
  co_return co_await write_as(services, origin.now, asker_of(caller), recency, work);
}

Task<Result<>> remove_password(flow::Services& services, flow::Origin origin, Caller caller,
                               std::string language) {
  const auto account = co_await find_account(services, caller.user.id);
  if (account.has_error()) co_return account.error();
  const DeviceId device = device_of(services, origin, account->contact.subject);
  auto work = [&](db::Tx& tx) -> Result<> {
    const auto& owner = account->contact;
    const auto version = account->credentials.security_version;
    // The row is locked before the passkeys are counted: of two removals at once the second sees the first.
    if (!tx.run(store::attempts::hold, owner.id, version).has_value())
      return Error(ErrorCode::recent_sign_in_required);
    if (!flow::accounts::has_passkey_way_in(tx, services, owner.id)) {
      flow::record(tx, origin, events::password_removed, ErrorCode::last_way_in, to_string(owner.subject));
      return Error(ErrorCode::last_way_in);
    }
    flow::accounts::change_password_by_owner(tx, origin, owner.id, version, "", device,
                                             {.one = caller.session});
    flow::accounts::queue_notice(tx, services, origin, owner, removed_message, {}, language);
    flow::record(tx, origin, events::password_removed, flow::ok, to_string(owner.subject));
    return {};
  };
  co_return co_await write_as(services, origin.now, asker_of(caller), Recency::recent, work);
}

}  // namespace latchkey::features::password_change
