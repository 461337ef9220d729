#include "app/departure_watch.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "store/moves.h"

namespace latchkey::app {
namespace {

constexpr auto look = std::chrono::milliseconds(500);

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
      for (const auto& mark : database_.run_now(store::moves::list_barring)) {
        if (mark.stage != store::moves::left) continue;
        log::warn("store.moved",
                  {{"to", mark.partner},
                   {"hint", "this server ends; set database_url or data_dir to the new place"}});
        return end_();
      }
    } catch (const std::exception&) {
      // The store can not answer: whoever needs it says so.
    }
  }
}

}  // namespace latchkey::app
