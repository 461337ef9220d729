#include "app/departure_watch.h"

#include <utility>

#include "base/log.h"
#include "move/marks.h"

namespace latchkey::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds look_every{500};
constexpr auto leaving_limit = std::chrono::seconds(5);

}  // namespace

DepartureWatch::DepartureWatch(db::Database& database, std::function<void()> end)
    : database_(database), end_(std::move(end)), thread_("departure_watch", look_every, [this] { look(); }) {}

void DepartureWatch::look() {
  if (ended_) return;
  try {
    ended_ = has_departed();
  } catch (const std::exception&) {
    return;  // The store can not answer: the thread that needs it says so.
  }
  if (ended_) end_();
}

bool DepartureWatch::has_departed() {
  std::optional<SteadyClock::time_point> leaving_since;
  for (const auto& mark : database_.run_now(move::marks::list_barring)) {
    if (mark.stage == move::marks::left) {
      log::warn("store.moved",
                {{"to", mark.partner},
                 {"hint", "this server stops; set database_url or data_dir to the new store"}});
      return true;
    }
    if (mark.stage != move::marks::leaving) continue;
    leaving_since = leaving_since_.value_or(SteadyClock::now());
    if (SteadyClock::now() - *leaving_since < leaving_limit) continue;
    log::error(
        "store.move_stopped",
        {{"to", mark.partner},
         {"hint",
          "this server stops, because that store may be complete; run the same `latchkey move` again"}});
    return true;
  }
  leaving_since_ = leaving_since;
  return false;
}

}  // namespace latchkey::app
