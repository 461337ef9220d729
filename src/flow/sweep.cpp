#include "flow/sweep.h"

#include <cstring>

#include "store/audit.h"
#include "store/sessions.h"

namespace latchkey::flow {
namespace {

namespace sessions = store::sessions;

SessionId session_at(std::string_view position) {
  SessionId id{};
  if (position.size() == id.bytes.size()) std::memcpy(id.bytes.data(), position.data(), position.size());
  return id;
}

/// Walks the table by its key: no index holds the times, since they change at each refresh.
Swept sweep_sessions(Services& services, const Origin& origin, std::string_view position, std::int64_t most) {
  const SessionId after = session_at(position);
  const auto page = services.database.run_now(sessions::list_ids_after, after, most);
  if (page.empty()) return {};
  const SessionId last = page.back();
  Swept swept{.removed =
                  services.database.run_now(sessions::delete_expired_between, after, last, origin.now).rows};
  if (page.size() == static_cast<std::size_t>(most)) {
    swept.continue_at.emplace(reinterpret_cast<const char*>(last.bytes.data()), last.bytes.size());
  }
  return swept;
}

Swept sweep_audit(Services& services, const Origin& origin, std::string_view, std::int64_t most) {
  const Timestamp oldest = origin.now - services.settings.audit.ttl;
  return swept_some(services.database.run_now(store::audit::delete_before, oldest, most).rows, most);
}

constexpr Sweep sweeps[] = {
    {.name = "sessions", .step = sweep_sessions},
    {.name = "audit", .step = sweep_audit},
};

}  // namespace

std::span<const Sweep> kernel_sweeps() { return sweeps; }

}  // namespace latchkey::flow
