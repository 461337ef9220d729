#include "features/email_change/undo.h"

#include "features/email_change/events.h"
#include "features/email_change/links.h"
#include "flow/accounts/held_address.h"
#include "flow/accounts/notice.h"
#include "flow/accounts/take_back.h"
#include "flow/accounts/unproved_ways_in.h"
#include "flow/events.h"

namespace latchkey::features::email_change {
namespace {

namespace jose = crypto::jose;
namespace users = store::users;
namespace scheduled = store::scheduled;

Result<> write_undo(db::Tx& tx, const flow::Services& services, const flow::Origin& origin, const Undo& undo,
                    const std::string& language) {
  const auto& account = undo.account;
  if (!tx.run(users::hold_active, account.id).has_value() ||
      !flow::accounts::give_address_back(tx, origin, undo.row, undo.address))
    return Error(ErrorCode::invalid_link);
  if (!undo.was_proved) flow::accounts::drop_unproved_ways_in(tx, account.id);
  flow::accounts::take_back(tx, origin, account.id, undo.row.made_at);
  flow::accounts::queue_notice(tx, services, origin, account, undone_message, {}, language);
  users::Contact owner = account;
  owner.email = undo.address.address;
  flow::accounts::queue_notice(tx, services, origin, owner, undone_message, {{"is_yours", "yes"}}, language);
  flow::record(tx, origin, events::email_undone, flow::ok, to_string(account.subject));
  return {};
}

}  // namespace

Task<Result<Undo>> look_at_undo(flow::Services& services, flow::Origin origin, std::string token) {
  const auto snapshot = services.keys.current();
  const auto claims = jose::read_own_token(undo_link.token, token, snapshot->ring().keys(undo_link.key));
  if (!claims.has_value() || claims->exp <= to_numeric_date(origin.now))
    co_return Error(ErrorCode::invalid_link);
  auto account = co_await services.database.run(users::find_contact_by_subject, claims->sub);
  if (!account.has_value() || !account->is_active) co_return Error(ErrorCode::invalid_link);
  const std::string kind(scheduled::email_undo);
  auto row = co_await services.database.run(scheduled::find_of_user, account->id, kind);
  if (!row.has_value() || row->due_at <= origin.now) co_return Error(ErrorCode::invalid_link);
  const auto held = flow::accounts::read_held(row->detail);
  if (!held.has_value() || held->mail != claims->jti) co_return Error(ErrorCode::invalid_link);
  auto address = parse_email_address(held->address, services.settings.accounts.domains_without_dot);
  if (!address.has_value() || jose::address_fingerprint(address->key.value) != claims->address)
    co_return Error(ErrorCode::invalid_link);
  co_return Undo{.account = std::move(*account),
                 .address = std::move(*address),
                 .row = std::move(*row),
                 .was_proved = held->was_proved};
}

Task<Result<>> undo_change(flow::Services& services, flow::Origin origin, std::string token,
                           std::string language) {
  const auto undo = co_await look_at_undo(services, origin, std::move(token));
  Result<> done;
  if (undo.has_error()) {
    done = undo.error();
  } else {
    auto work = [&](db::Tx& tx) { return write_undo(tx, services, origin, *undo, language); };
    done = co_await services.database.write(work);  // no caller: by link
  }
  if (done.has_error()) flow::note(origin, events::email_undone, done.error().code);
  co_return done;
}

}  // namespace latchkey::features::email_change
