#include "app/key_schedule.h"

#include "base/log.h"
#include "flow/keys/rotation.h"

namespace latchkey::app {
namespace {

constexpr std::chrono::seconds reload_every{1};
constexpr Microseconds follow_every = std::chrono::seconds(15);

}  // namespace

KeySchedule::KeySchedule(flow::Services& services, const Clock& clock)
    : services_(services),
      clock_(clock),
      following_(follow_every),
      thread_("key_schedule", reload_every, [this] { look(); }) {}

void KeySchedule::look() {
  if (!services_.settings.is_embedded()) services_.keys.reload();
  const Timestamp now = clock_.now();
  if (following_.at(now)) follow(now);
}

void KeySchedule::follow(Timestamp now) {
  services_.keys.reload();
  const auto read = [](db::Tx& tx) { return tx.run(store::signing_keys::list_keys); };
  const auto plan = flow::keys::plan_rotation(
      services_.database.read_now(read), now, services_.settings.tokens.signing_key_ttl,
      services_.settings.tokens.access_ttl, flow::keys::RotationCause::schedule);
  if (!plan.create_active_at.has_value() && plan.drop.empty()) return;
  const auto made = flow::keys::rotate_keys(services_.database, services_.keys, services_.settings,
                                            flow::system_origin(now), flow::keys::RotationCause::schedule);
  if (made.has_value()) log::info("signing_key.created", {{"kid", *made}});
}

}  // namespace latchkey::app
