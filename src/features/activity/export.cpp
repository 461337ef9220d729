#include "features/activity/export.h"

#include <algorithm>
#include <iterator>

#include "flow/events.h"
#include "store/recovery_codes.h"

namespace latchkey::features::activity {
namespace {

constexpr std::int64_t page_size = 1000;

constexpr flow::Event data_exported{.name = "data_exported"};

Stored read(db::Tx& tx, Timestamp now, UserId user, store::users::User account) {
  namespace sessions = store::sessions;
  Stored stored;
  stored.user = std::move(account);
  if (auto settled = tx.run(store::users::find_settled, user)) stored.settled = std::move(*settled);
  stored.sessions = tx.run(sessions::list_live_after, user, SessionId{}, now, sessions::before_all.created_at,
                           sessions::before_all.id, most_exported_sessions);
  stored.devices = tx.run(store::devices::list_devices_of, user);
  stored.totp = tx.run(store::totp::find_totp, user);
  stored.passkeys = tx.run(store::passkeys::list_passkeys, user);
  stored.recovery_codes = tx.run(store::recovery_codes::count_codes, user).value_or(0);
  stored.scheduled = tx.run(store::scheduled::list_of_user, user);
  return stored;
}

}  // namespace

Task<Result<Stored>> gather(flow::Services& services, flow::Origin origin, flow::sessions::Asker asker) {
  const UserId user = asker.user;
  auto work = [&](db::Tx& tx) -> std::optional<Stored> {
    auto account = tx.run(store::users::find_user, origin.now, user);
    if (!account.has_value()) return std::nullopt;
    return read(tx, origin.now, user, std::move(*account));
  };
  auto stored = co_await services.database.read(work);
  if (!stored.has_value()) co_return Error(ErrorCode::user_not_found);
  // A page at a time: the account's row and its history need no one moment.
  std::optional<std::int64_t> after;
  do {
    const auto room = most_exported_entries - static_cast<std::int64_t>(stored->activity.size());
    if (room <= 0) {
      stored->activity_is_whole = false;
      break;
    }
    auto page =
        co_await list_activity(services, origin.now, stored->user.subject, after, std::min(page_size, room));
    after = page.next;
    std::ranges::move(page.rows, std::back_inserter(stored->activity));
  } while (after.has_value());
  auto note = [&](db::Tx& tx) -> Result<> {
    flow::record(tx, origin, data_exported, flow::ok, to_string(stored->user.subject));
    return {};
  };
  const auto noted =
      co_await flow::sessions::write_as(services, origin.now, asker, flow::sessions::Recency::recent, note);
  if (noted.has_error()) co_return noted.error();
  co_return std::move(*stored);
}

}  // namespace latchkey::features::activity
