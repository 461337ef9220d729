#include "features/factor_removal/waiting.h"

#include <array>

#include "crypto/random.h"
#include "features/factor_removal/events.h"
#include "features/factor_removal/mails.h"
#include "store/scheduled.h"

namespace latchkey::features::factor_removal {
namespace {

constexpr std::array<std::string_view, 3> names{"all", "totp", "passkeys"};

/// Whether nothing of what is wanted would stay once the other removal is done.
bool covers(Which waiting, Which wanted, const store::factors::Steps& steps) {
  if (waiting == Which::all || waiting == wanted) return true;
  if (wanted != Which::all) return false;
  return !has_any(steps, waiting == Which::totp ? Which::passkeys : Which::totp);
}

}  // namespace

std::string_view name_of(Which which) { return names.at(static_cast<std::size_t>(which)); }

std::optional<Which> find_which(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<Which>(i);
  return std::nullopt;
}

std::string detail_of(const Wanted& wanted) {
  return wanted.by == AskedBy::owner ? std::string() : std::string(name_of(wanted.which));
}

Wanted read_detail(std::string_view detail) {
  const auto which = find_which(detail.substr(0, detail.find(' ')));
  if (!which.has_value()) return {};
  return {.which = *which, .by = AskedBy::administrator};
}

bool has_any(const store::factors::Steps& steps, Which which) {
  const bool totp = steps.has_totp && which != Which::passkeys;
  const bool passkeys = steps.passkeys > 0 && which != Which::totp;
  return totp || passkeys;
}

Result<Timestamp> schedule_removal(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                                   const store::users::Credentials& account, const Wanted& wanted,
                                   Microseconds delay, std::string language) {
  const std::string kind(store::scheduled::factor_removal);
  const auto steps = tx.run(store::factors::find_steps, account.id).value();
  if (!has_any(steps, wanted.which)) return Error(ErrorCode::factor_not_found);
  if (const auto waiting = tx.run(store::scheduled::find_of_user, account.id, kind)) {
    if (!covers(read_detail(waiting->detail).which, wanted.which, steps))
      return Error(ErrorCode::factor_removal_waiting);
    return waiting->due_at;
  }
  const bool has_password = !store::factors::without_mark(account.password_hash).empty();
  const bool removes_app = steps.has_totp && wanted.which != Which::passkeys;
  if (!has_password && !removes_app) return Error(ErrorCode::last_way_in);
  const std::string detail = detail_of(wanted);
  const Waiting removal{.id = crypto::new_link_id(), .wanted = wanted, .due_at = origin.now + delay};
  tx.run(store::scheduled::insert_scheduled, removal.id, account.id, kind, detail, origin.now,
         removal.due_at);
  const auto owner = tx.run(store::users::find_contact_by_id, account.id).value();
  queue_removal_mail(tx, services, origin, owner, removal, Notice::asked, std::move(language));
  flow::record(tx, origin, events::removal_asked, flow::ok, to_string(account.subject), detail);
  return removal.due_at;
}

}  // namespace latchkey::features::factor_removal
