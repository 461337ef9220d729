#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/metrics.h"
#include "base/time.h"
#include "flow/keys/keys.h"
#include "flow/origin.h"
#include "settings/settings.h"
#include "store/signing_keys.h"

namespace latchkey::flow::keys {

metrics::Families families();

/// A new key stands in the JWK set this long before it signs: twice the time for which verifiers may keep a
/// copy.
inline constexpr Microseconds key_publication_lead = std::chrono::minutes(10);
/// `max-age` of the JWK set.
inline constexpr Seconds jwks_max_age{300};

/// What the schedule asks for now.
struct RotationPlan {
  std::optional<Timestamp> create_active_at;  ///< make a key that signs from this moment on
  std::vector<std::string> drop;              ///< keys of which no token can be alive any more
};

enum class RotationCause : std::uint8_t { schedule, operator_request };

/// A pure function of the stored keys (in the order of their sequence) and the moment. The first key signs at
/// once, every other one after the lead; a key is dropped once its successor has signed for longer than a
/// token lives.
RotationPlan plan_rotation(const std::vector<store::signing_keys::Key>& keys, Timestamp now,
                           Microseconds key_ttl, Microseconds access_ttl, RotationCause cause);

/// Does what the plan asks, once however many nodes try, and reloads `keys`. Answers the kid of a key it
/// made. Blocks.
std::optional<std::string> rotate_keys(db::Database& database, Keys& keys, const Settings& settings,
                                       Origin origin, RotationCause cause);

/// Drops a key at once, with every token that it signed; another one signs from now on. Blocks.
Result<> revoke_key(db::Database& database, Keys& keys, Origin origin, std::string kid);

struct Rekeyed {
  std::int64_t signing_keys = 0;
  std::int64_t authenticator_apps = 0;
  std::int64_t unreadable = 0;  ///< secrets of apps that no master secret opens: the owners need a new app
};
/// Seals what a previous master secret sealed again, under the current one: signing keys one by one, secrets
/// of authenticator apps in small transactions. May be interrupted and repeated. Answers how many it sealed.
/// Blocks.
Rekeyed rekey(db::Database& database, Keys& keys, Origin origin);

}  // namespace latchkey::flow::keys
