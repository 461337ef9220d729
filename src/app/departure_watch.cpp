#include "app/departure_watch.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "move/marks.h"

namespace latchkey::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto look = std::chrono::milliseconds(500);
constexpr auto leaving_limit = std::chrono::seconds(5);

}  // namespace

void DepartureWatch::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void DepartureWatch::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void DepartureWatch::watch(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any pause;
  std::unique_lock lock(mutex);
  while (!pause.wait_for(lock, stop, look, [&] { return stop.stop_requested(); })) {
    try {
      if (has_departed()) return end_();
    } catch (const std::exception&) {
      // The store can not answer: whoever needs it says so.
    }
  }
}

bool DepartureWatch::has_departed() {
  std::optional<SteadyClock::time_point> leaving_since;
  for (const auto& mark : database_.run_now(move::marks::list_barring)) {
    if (mark.stage == move::marks::left) {
      log::warn("store.moved", {{"to", mark.partner},
                                {"hint", "this server ends; set database_url or data_dir to the new place"}});
      return true;
    }
    if (mark.stage != move::marks::leaving) continue;
    leaving_since = leaving_since_.value_or(SteadyClock::now());
    if (SteadyClock::now() - *leaving_since < leaving_limit) continue;
    log::error("store.move_stopped",
               {{"to", mark.partner},
                {"hint",
                 "this server ends, since that store may be complete; give the same `latchkey move` again"}});
    return true;
  }
  leaving_since_ = leaving_since;
  return false;
}

}  // namespace latchkey::app
