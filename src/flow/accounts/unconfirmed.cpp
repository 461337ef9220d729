#include "flow/accounts/unconfirmed.h"

#include "flow/events.h"

namespace latchkey::flow::accounts {
namespace {

namespace users = store::users;

constexpr Event unconfirmed_removed{.name = "unconfirmed_removed"};

/// Unconfirmed accounts that were made up to this moment have ended; nothing when none ends.
std::optional<Timestamp> last_lapsed(const Settings& settings, Timestamp now) {
  if (settings.accounts.confirmation != settings::Confirmation::required) return std::nullopt;
  return now - settings.accounts.unconfirmed_ttl;
}

std::int64_t write_down(db::Tx& tx, const Origin& origin, std::int64_t removed) {
  if (removed > 0) record(tx, origin, unconfirmed_removed, ok, "", "count " + std::to_string(removed));
  return removed;
}

}  // namespace

bool has_lapsed(const Settings& settings, const users::Contact& account, Timestamp now) {
  const auto last = last_lapsed(settings, now);
  return last.has_value() && !account.confirmed && account.is_active && account.created_at <= *last;
}

std::int64_t remove_lapsed(db::Tx& tx, const Settings& settings, const Origin& origin, std::int64_t most) {
  const auto last = last_lapsed(settings, origin.now);
  if (!last.has_value()) return 0;
  return write_down(tx, origin, tx.run(users::delete_expired_unconfirmed, *last, most).rows);
}

std::int64_t remove_lapsed_holders(db::Tx& tx, const Settings& settings, const Origin& origin,
                                   const std::string& email_key,
                                   const std::optional<std::string>& username_key) {
  const auto last = last_lapsed(settings, origin.now);
  if (!last.has_value()) return 0;
  const auto removed = tx.run(users::delete_expired_unconfirmed_holders, *last, email_key, username_key).rows;
  return write_down(tx, origin, removed);
}

}  // namespace latchkey::flow::accounts
