#include "app/key_schedule.h"

#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "flow/keys/rotation.h"

namespace latchkey::app {
namespace {

constexpr auto reload_every = std::chrono::seconds(1);
constexpr Microseconds follow_every = std::chrono::seconds(15);

}  // namespace

void KeySchedule::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void KeySchedule::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void KeySchedule::loop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any pause;
  std::unique_lock lock(mutex);
  Timestamp followed_at;
  while (!pause.wait_for(lock, stop, reload_every, [&] { return stop.stop_requested(); })) {
    const Timestamp now = clock_.now();
    try {
      if (!services_.settings.is_embedded()) services_.keys.reload();
      // A clock that was set back must not put the next look off for as long.
      if (now - followed_at >= follow_every || now < followed_at) {
        followed_at = now;
        follow(now);
      }
    } catch (const std::exception& error) {
      log::warn("key_schedule.failed", {{"error", error.what()}});
    }
  }
}

void KeySchedule::follow(Timestamp now) {
  services_.keys.reload();
  const auto read = [](db::Tx& tx) { return tx.run(store::signing_keys::list_keys); };
  const auto plan = flow::keys::plan_rotation(
      services_.database.read_now(read), now, services_.settings.tokens.signing_key_ttl,
      services_.settings.tokens.access_ttl, flow::keys::RotationCause::schedule);
  if (!plan.create_active_at.has_value() && plan.drop.empty()) return;
  const flow::Origin origin{.now = now, .address = "", .user_agent = "", .request_id = "", .actor = "system"};
  const auto made = flow::keys::rotate_keys(services_.database, services_.keys, services_.settings, origin,
                                            flow::keys::RotationCause::schedule);
  if (made.has_value()) log::info("signing_key.created", {{"kid", *made}});
}

}  // namespace latchkey::app
