#include "flow/keys/rotation.h"

#include <algorithm>

#include "base/test_point.h"
#include "flow/events.h"
#include "store/totp.h"

namespace latchkey::flow::keys {
namespace {

constinit metrics::Counter keys_made;

constexpr Event created{.name = "signing_key.created", .counted = {{ok, &keys_made}}};
constexpr Event dropped{.name = "signing_key.dropped"};
constexpr Event revoked{.name = "signing_key.revoked"};
constexpr Event rekeyed{.name = "signing_key.rekeyed"};
constexpr Event apps_rekeyed{.name = "totp.rekeyed"};

/// A new key, sealed, ready to insert.
store::signing_keys::Key make_key(const KeySnapshot& snapshot, std::int64_t sequence, Timestamp now,
                                  Timestamp activates_at) {
  const auto key = crypto::jose::SigningKey::generate();
  const auto point = key.verify_key().to_uncompressed();
  const std::string kid = crypto::jose::key_id(key.point());
  return {.kid = kid,
          .sequence = sequence,
          .public_key = Bytes(point.begin(), point.end()),
          .sealed_private_key = snapshot.ring().wrap(key, kid),
          .created_at = now,
          .activates_at = activates_at};
}

bool insert(db::Tx& tx, const store::signing_keys::Key& key) {
  return tx
      .run(store::signing_keys::insert_key, key.kid, key.sequence, key.public_key, key.sealed_private_key,
           key.created_at, key.activates_at)
      .has_value();
}

/// Secrets of authenticator apps in one transaction.
constexpr std::int64_t apps_at_once = 200;

void rekey_apps(db::Database& database, const crypto::Keyring& ring, const Origin& origin, Rekeyed& sealed) {
  for (LinkId after{};;) {
    const auto page = database.run_now(store::totp::list_sealed, after, apps_at_once);
    if (page.empty()) return;
    after = page.back().id;
    std::vector<std::pair<const store::totp::Sealed*, Bytes>> fresh;
    for (const auto& app : page) {
      const auto opened = ring.open_totp(app.sealed_secret, app.subject);
      if (!opened.has_value()) ++sealed.unreadable;
      if (!opened.has_value() || !opened->under_previous_master) continue;
      fresh.emplace_back(&app, ring.seal_totp(opened->secret, app.subject));
    }
    if (fresh.empty()) continue;
    auto work = [&](db::Tx& tx) {
      std::int64_t changed = 0;
      for (const auto& [app, text] : fresh)
        changed += tx.run(store::totp::update_sealed, text, app->id, app->sealed_secret).rows;
      if (changed > 0) record(tx, origin, apps_rekeyed, ok, "", std::to_string(changed));
      return changed;
    };
    sealed.authenticator_apps += database.write_now(work);
  }
}

}  // namespace

metrics::Families families() {
  static constexpr metrics::Family list[] = {
      {"latchkey_signing_keys_made_total", "Signing keys made.", {&keys_made}},
  };
  return list;
}

RotationPlan plan_rotation(const std::vector<store::signing_keys::Key>& keys, Timestamp now,
                           Microseconds key_ttl, Microseconds access_ttl, RotationCause cause) {
  RotationPlan plan;
  if (keys.empty()) {
    plan.create_active_at = now;
    return plan;
  }
  const auto& newest = keys.back();
  const bool waiting = newest.activates_at > now;
  const bool due = newest.activates_at + key_ttl <= now + key_publication_lead;
  if (!waiting && (due || cause == RotationCause::operator_request)) {
    plan.create_active_at = now + key_publication_lead;
  }
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    // Its successor's activation is when it stopped signing; a verifier's skew comes on top of the life of a
    // token.
    const Timestamp stopped_at = keys[i + 1].activates_at;
    if (stopped_at + access_ttl + jwks_max_age <= now) plan.drop.push_back(keys[i].kid);
  }
  return plan;
}

std::optional<std::string> rotate_keys(db::Database& database, Keys& keys, const Settings& settings,
                                       Origin origin, RotationCause cause) {
  const auto snapshot = keys.current();
  auto work = [&](db::Tx& tx) -> std::optional<std::string> {
    const auto stored = tx.run(store::signing_keys::list_keys);
    const auto plan =
        plan_rotation(stored, origin.now, settings.tokens.signing_key_ttl, settings.tokens.access_ttl, cause);
    for (const auto& kid : plan.drop) {
      // Another node may have been quicker.
      if (tx.run(store::signing_keys::delete_key, kid).rows == 0) continue;
      record(tx, origin, dropped, ok, kid);
    }
    if (!plan.create_active_at.has_value()) return std::nullopt;
    const std::int64_t sequence = stored.empty() ? 1 : stored.back().sequence + 1;
    const auto key = make_key(*snapshot, sequence, origin.now, *plan.create_active_at);
    if (!insert(tx, key)) return std::nullopt;
    record(tx, origin, created, ok, key.kid);
    test_point("rotation.inserted");
    return key.kid;
  };
  auto made = database.write_now(work);
  test_point("rotation.committed");
  keys.reload();
  return made;
}

Result<> revoke_key(db::Database& database, Keys& keys, Origin origin, std::string kid) {
  const auto snapshot = keys.current();
  auto work = [&](db::Tx& tx) -> Result<> {
    if (tx.run(store::signing_keys::delete_key, kid).rows == 0) return Error(ErrorCode::key_not_found);
    const auto left = tx.run(store::signing_keys::list_keys);
    const bool signs =
        std::ranges::any_of(left, [&](const auto& key) { return key.activates_at <= origin.now; });
    if (!signs && !left.empty()) {
      tx.run(store::signing_keys::update_activates_at, origin.now, left.front().kid);
    } else if (!signs) {
      const auto key = make_key(*snapshot, 1, origin.now, origin.now);
      insert(tx, key);
      record(tx, origin, created, ok, key.kid);
    }
    record(tx, origin, revoked, ok, kid);
    return {};
  };
  auto result = database.write_now(work);
  keys.reload();
  return result;
}

Rekeyed rekey(db::Database& database, Keys& keys, Origin origin) {
  keys.reload();
  const auto snapshot = keys.current();
  auto list = [](db::Tx& tx) { return tx.run(store::signing_keys::list_keys); };
  Rekeyed sealed;
  for (const auto& stored : database.read_now(list)) {
    const auto opened = snapshot->ring().unwrap(stored.sealed_private_key, stored.kid);
    if (!opened.has_value() || !opened->under_previous_master) continue;
    const Bytes fresh = snapshot->ring().wrap(opened->key, stored.kid);
    auto work = [&](db::Tx& tx) {
      const auto changed =
          tx.run(store::signing_keys::update_sealed, fresh, stored.kid, stored.sealed_private_key);
      if (changed.rows == 1) {
        record(tx, origin, rekeyed, ok, stored.kid);
      }
      return changed.rows;
    };
    sealed.signing_keys += database.write_now(work);
    test_point("rekey.sealed");
  }
  rekey_apps(database, snapshot->ring(), origin, sealed);
  keys.reload();
  return sealed;
}

}  // namespace latchkey::flow::keys
