#include "features/deletion/carry_out.h"

#include "features/deletion/events.h"
#include "features/deletion/mails.h"
#include "flow/accounts/accounts.h"
#include "flow/accounts/held_address.h"
#include "flow/accounts/history.h"
#include "flow/accounts/notice.h"
#include "store/attempts.h"
#include "store/factors.h"
#include "store/scheduled.h"
#include "store/state.h"

namespace latchkey::features::deletion {
namespace {

using store::users::Contact;

/// All writes wait for a batch.
constexpr std::int64_t most_entries_at_once = 500;

enum class Done : std::uint8_t { some_entries, deleted, nothing };

/// Removes the account and tells its owner, by `told` from where. What is written down is without that.
Result<> remove(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                const flow::Origin& told, const Contact& account, const std::string& language) {
  const auto removed = flow::accounts::delete_user(tx, origin, account.id);
  if (removed.has_error()) return removed.error();
  flow::accounts::queue_notice(tx, services, told, account, deleted_message, {}, language);
  flow::record(tx, origin, events::deletion_due, flow::ok, to_string(account.subject));
  return {};
}

/// `due` once more, inside the transaction that carries it out.
Done carry_out(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
               const store::scheduled::Scheduled& due, std::int64_t most) {
  tx.run(store::state::update_administrators_guard);
  const auto account = tx.run(store::users::find_contact_by_id, due.user_id);
  if (!account.has_value() || flow::accounts::forget_history(tx, account->subject, most) == most)
    return Done::some_entries;
  // Its row first: of a sign-in that keeps the account, and this, one waits for the other.
  if (!tx.run(store::attempts::hold, account->id, account->security_version).has_value())
    return Done::some_entries;
  if (!tx.run(store::scheduled::consume_due, due.id, origin.now).has_value()) return Done::nothing;
  const auto removed = remove(tx, services, origin, origin, *account, "");
  if (removed.has_value()) return Done::deleted;
  flow::record(tx, origin, events::deletion_due, removed.error().code, to_string(account->subject));
  tx.run_later(store::factors::update_mark, account->id);
  return Done::nothing;
}

}  // namespace

Task<Result<std::optional<Timestamp>>> delete_at_once(flow::Services& services, flow::Origin origin,
                                                      flow::sessions::Asker asker, Contact account,
                                                      std::string language) {
  struct Piece {
    Result<> result;
    bool is_last = false;
    bool may_be_undone = false;
  };
  auto work = [&](db::Tx& tx) -> Piece {
    tx.run(store::state::update_administrators_guard);
    const auto held = hold_caller(tx, origin.now, asker, flow::sessions::Recency::recent);
    if (held.has_error()) return {.result = held, .is_last = true};
    if (flow::accounts::find_undo_end(tx, account.id, origin.now).has_value())
      return {.result = {}, .is_last = true, .may_be_undone = true};
    const auto kept =
        flow::accounts::keep_an_administrator(tx, origin, events::deletion_scheduled, account.id);
    if (kept.has_error()) return {.result = kept.error(), .is_last = true};
    if (flow::accounts::forget_history(tx, account.subject, most_entries_at_once) == most_entries_at_once)
      return {};
    tx.run(store::factors::raise_version, origin.now, account.id);
    flow::Origin by_owner = origin;
    by_owner.address.clear();
    return {.result = remove(tx, services, by_owner, origin, account, language), .is_last = true};
  };
  for (;;) {
    const Piece piece = co_await services.database.write(work);  // holds the caller
    if (!piece.is_last) continue;
    if (piece.result.has_error()) co_return piece.result.error();
    if (piece.may_be_undone) co_return std::nullopt;
    co_return origin.now;
  }
}

flow::Swept sweep_deletions(flow::Services& services, const flow::Origin& origin, std::string_view,
                            std::int64_t most) {
  const auto due = services.database.run_now(store::scheduled::list_due_of, origin.now,
                                             std::string(store::scheduled::deletion), std::int64_t{1});
  if (due.empty()) return {};
  auto work = [&](db::Tx& tx) -> std::int64_t {
    return carry_out(tx, services, origin, due.front(), most) == Done::deleted ? 1 : 0;
  };
  flow::Swept swept = flow::remove_now(services, work);
  swept.continue_at = std::string();
  return swept;
}

}  // namespace latchkey::features::deletion
