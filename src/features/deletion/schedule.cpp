#include "features/deletion/schedule.h"

#include <algorithm>

#include "base/email_address.h"
#include "base/field_errors.h"
#include "features/deletion/carry_out.h"
#include "features/deletion/events.h"
#include "features/deletion/mails.h"
#include "flow/accounts/accounts.h"
#include "flow/accounts/held_address.h"
#include "flow/accounts/notice.h"
#include "flow/sessions/end_sessions.h"
#include "mail/queue.h"
#include "store/factors.h"
#include "store/scheduled.h"
#include "store/state.h"
#include "store/users.h"

namespace latchkey::features::deletion {
namespace {

using store::users::Contact;

bool is_address_of(const Settings& settings, const Contact& account, std::string_view typed) {
  const auto address = parse_email_address(typed, settings.accounts.domains_without_dot);
  return address.has_value() && address->key.value == account.email_key;
}

Result<Timestamp> schedule(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                           const flow::sessions::Asker& asker, const Contact& account,
                           const std::string& language) {
  // The guard comes before the account's row, as everywhere: no two such transactions wait for each other.
  tx.run(store::state::update_administrators_guard);
  const auto held = hold_caller(tx, origin.now, asker, flow::sessions::Recency::recent);
  if (held.has_error()) return held.error();
  const auto kept = flow::accounts::keep_an_administrator(tx, origin, events::deletion_scheduled, account.id);
  if (kept.has_error()) return kept.error();
  tx.run(store::factors::raise_version, origin.now, account.id);
  const Timestamp after_grace = origin.now + services.settings.accounts.deletion_grace;
  const auto undo_end = flow::accounts::find_undo_end(tx, account.id, origin.now);
  const Timestamp due_at = std::max(after_grace, undo_end.value_or(after_grace));
  mail::drop_links(tx, account.id);
  const LinkId mail =
      flow::accounts::queue_notice(tx, services, origin, account, scheduled_message, {due_parameter(due_at)},
                                   language, std::string(keep_link.purpose));
  // The mail's id names the deletion, so the link stops this one and no later one.
  tx.run(store::scheduled::delete_of_user, account.id, std::string(store::scheduled::deletion));
  tx.run(store::scheduled::insert_scheduled, mail, account.id, std::string(store::scheduled::deletion),
         std::string(), origin.now, due_at);
  flow::sessions::end_sessions_of(tx, account.id, flow::sessions::EndedBy::logout);
  flow::record(tx, origin, events::deletion_scheduled, flow::ok, to_string(account.subject));
  tx.run_later(store::factors::update_mark, account.id);
  return due_at;
}

}  // namespace

Task<Result<Timestamp>> schedule_deletion(flow::Services& services, flow::Origin origin,
                                          flow::sessions::Asker asker, std::string email,
                                          std::string language) {
  const auto account = co_await services.database.run(store::users::find_contact_by_id, asker.user);
  if (!account.has_value()) co_return Error(ErrorCode::invalid_token);
  if (!is_address_of(services.settings, *account, email)) {
    co_return invalid_field("body", "email", "value_error", "is not the address of this account");
  }
  if (services.settings.accounts.deletion_grace == Microseconds{0}) {
    const auto deleted = co_await delete_at_once(services, origin, asker, *account, language);
    if (deleted.has_error()) co_return deleted.error();
    if (deleted->has_value()) co_return **deleted;
  }
  auto work = [&](db::Tx& tx) { return schedule(tx, services, origin, asker, *account, language); };
  co_return co_await services.database.write(work);  // holds the caller
}

}  // namespace latchkey::features::deletion
