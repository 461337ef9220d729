#include "features/activity/own_activity.h"

#include "db/page.h"

namespace latchkey::features::activity {

Task<ActivityPage> list_activity(flow::Services& services, Timestamp now, Subject account,
                                 std::optional<std::int64_t> after, std::int64_t limit) {
  auto rows = co_await flow::accounts::list_history(services, account, after, db::one_more_than(limit));
  // Ids grow with time, so what is too old comes last: the statement need not look for the end.
  const Timestamp oldest = now - shown_for;
  while (!rows.empty() && rows.back().at <= oldest) rows.pop_back();
  auto page = db::cut_page(std::move(rows), limit);
  ActivityPage shown{.rows = std::move(page.rows)};
  if (page.has_more && !shown.rows.empty()) shown.next = shown.rows.back().id;
  co_return shown;
}

std::string_view word_for_actor(const store::audit::Told& entry, const std::string& account) {
  if (entry.actor.empty()) return "unknown";
  if (entry.actor == account) return "owner";
  if (entry.actor == "operator") return "operator";
  if (entry.actor == "system") return "system";
  return "administrator";
}

}  // namespace latchkey::features::activity
