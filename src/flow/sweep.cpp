#include "flow/sweep.h"

#include <cstring>

#include "flow/signin/devices.h"
#include "store/audit.h"
#include "store/mail_codes.h"
#include "store/mails.h"
#include "store/sessions.h"
#include "store/spent.h"

namespace latchkey::flow {
namespace {

/// For how long a mail that was put aside waits for the operator's `latchkey mail retry`.
constexpr Microseconds kept_aside = std::chrono::days(30);

/// So many rows are looked at in one step. It writes nothing if none of them has expired.
constexpr std::int64_t looked_at = 2000;

/// Walks a table by its key, from the position of the step before, and removes what has expired up to
/// `expired`. For tables whose times stand in no index.
template <class Id, const auto& list_walked, const auto& delete_expired_between>
Swept walk(Services& services, std::string_view position, std::int64_t most, Timestamp expired) {
  Id after{};
  if (position.size() == after.bytes.size())
    std::memcpy(after.bytes.data(), position.data(), position.size());
  const auto page = services.database.run_now(list_walked, expired, after, looked_at);
  std::int64_t found = 0;
  std::optional<Id> last;
  for (auto row = page.begin(); row != page.end() && found < most; ++row) {
    if (row->has_expired) ++found;
    last = row->id;
  }
  if (!last.has_value()) return {};
  Swept swept;
  if (found > 0) {
    auto work = [&](db::Tx& tx) { return tx.run(delete_expired_between, after, *last, expired).rows; };
    swept = remove_now(services, work);
  }
  if (*last != page.back().id || page.size() == static_cast<std::size_t>(looked_at)) {
    swept.continue_at.emplace(reinterpret_cast<const char*>(last->bytes.data()), last->bytes.size());
  }
  return swept;
}

/// The times of sessions change at each refresh.
Swept sweep_sessions(Services& services, const Origin& origin, std::string_view position, std::int64_t most) {
  namespace sessions = store::sessions;
  return walk<SessionId, sessions::list_walked, sessions::delete_expired_between>(services, position, most,
                                                                                  origin.now);
}

/// A day late: until then the rows tell how many mails an account was sent (links/make.h).
Swept sweep_mail_codes(Services& services, const Origin& origin, std::string_view position,
                       std::int64_t most) {
  namespace codes = store::mail_codes;
  return walk<LinkId, codes::list_walked, codes::delete_expired_between>(services, position, most,
                                                                         origin.now - std::chrono::hours(24));
}

/// A day late, too: a clock that was ahead for a while must not make what was used good again.
Swept sweep_spent(Services& services, const Origin& origin, std::string_view position, std::int64_t most) {
  namespace spent = store::spent;
  return walk<LinkId, spent::list_walked, spent::delete_expired_between>(services, position, most,
                                                                         origin.now - std::chrono::hours(24));
}

Swept sweep_devices(Services& services, const Origin& origin, std::string_view position, std::int64_t most) {
  namespace devices = store::devices;
  return walk<DeviceId, devices::list_walked, devices::delete_unseen_between>(
      services, position, most, origin.now - signin::device_ttl);
}

Swept sweep_audit(Services& services, const Origin& origin, std::string_view, std::int64_t most) {
  const Timestamp oldest = origin.now - services.settings.audit.ttl;
  auto work = [&](db::Tx& tx) { return tx.run(store::audit::delete_before, oldest, most).rows; };
  return remove_oldest_now(services, most, work);
}

Swept sweep_mails(Services& services, const Origin& origin, std::string_view, std::int64_t most) {
  const Timestamp oldest = origin.now - kept_aside;
  auto work = [&](db::Tx& tx) { return tx.run(store::mails::delete_abandoned, oldest, most).rows; };
  return remove_oldest_now(services, most, work);
}

/// What other sweeps leave behind in the file of the embedded store.
Swept sweep_free_space(Services& services, const Origin&, std::string_view, std::int64_t most) {
  const auto given = services.database.give_free_space_back(most);
  Swept swept{.held = given.held, .written = given.pages};
  if (given.more) swept.continue_at = std::string();
  return swept;
}

constexpr Sweep sweeps[] = {
    {.name = "sessions", .step = sweep_sessions},     {.name = "mail_codes", .step = sweep_mail_codes},
    {.name = "spent", .step = sweep_spent},           {.name = "devices", .step = sweep_devices},
    {.name = "audit", .step = sweep_audit},           {.name = "mails", .step = sweep_mails},
    {.name = "free_space", .step = sweep_free_space},
};

}  // namespace

std::span<const Sweep> kernel_sweeps() { return sweeps; }

}  // namespace latchkey::flow
