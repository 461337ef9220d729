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

/// Walks a table by its key, from the position of the step before, and removes what has expired up to
/// `expired`. For tables whose times stand in no index.
template <class Id, const auto& list_ids_after, const auto& delete_expired_between>
Swept walk(Services& services, std::string_view position, std::int64_t most, Timestamp expired) {
  Id after{};
  if (position.size() == after.bytes.size())
    std::memcpy(after.bytes.data(), position.data(), position.size());
  const auto page = services.database.run_now(list_ids_after, after, most);
  if (page.empty()) return {};
  const Id last = page.back();
  Swept swept{.removed = services.database.run_now(delete_expired_between, after, last, expired).rows};
  if (page.size() == static_cast<std::size_t>(most)) {
    swept.continue_at.emplace(reinterpret_cast<const char*>(last.bytes.data()), last.bytes.size());
  }
  return swept;
}

/// The times of sessions change at each refresh.
Swept sweep_sessions(Services& services, const Origin& origin, std::string_view position, std::int64_t most) {
  namespace sessions = store::sessions;
  return walk<SessionId, sessions::list_ids_after, sessions::delete_expired_between>(services, position, most,
                                                                                     origin.now);
}

/// A day late: until then the rows tell how many mails an account was sent (links/make.h).
Swept sweep_mail_codes(Services& services, const Origin& origin, std::string_view position,
                       std::int64_t most) {
  namespace codes = store::mail_codes;
  return walk<LinkId, codes::list_ids_after, codes::delete_expired_between>(
      services, position, most, origin.now - std::chrono::hours(24));
}

Swept sweep_spent(Services& services, const Origin& origin, std::string_view position, std::int64_t most) {
  namespace spent = store::spent;
  return walk<LinkId, spent::list_ids_after, spent::delete_expired_between>(services, position, most,
                                                                            origin.now);
}

Swept sweep_devices(Services& services, const Origin& origin, std::string_view position, std::int64_t most) {
  namespace devices = store::devices;
  return walk<DeviceId, devices::list_ids_after, devices::delete_unseen_between>(
      services, position, most, origin.now - signin::device_ttl);
}

Swept sweep_audit(Services& services, const Origin& origin, std::string_view, std::int64_t most) {
  const Timestamp oldest = origin.now - services.settings.audit.ttl;
  return swept_some(services.database.run_now(store::audit::delete_before, oldest, most).rows, most);
}

Swept sweep_mails(Services& services, const Origin& origin, std::string_view, std::int64_t most) {
  const Timestamp oldest = origin.now - kept_aside;
  return swept_some(services.database.run_now(store::mails::delete_abandoned, oldest, most).rows, most);
}

constexpr Sweep sweeps[] = {
    {.name = "sessions", .step = sweep_sessions}, {.name = "mail_codes", .step = sweep_mail_codes},
    {.name = "spent", .step = sweep_spent},       {.name = "devices", .step = sweep_devices},
    {.name = "audit", .step = sweep_audit},       {.name = "mails", .step = sweep_mails},
};

}  // namespace

std::span<const Sweep> kernel_sweeps() { return sweeps; }

}  // namespace latchkey::flow
