#include "app/pace.h"

#include <algorithm>

namespace latchkey::app {
namespace {

using std::chrono::milliseconds;

constexpr Microseconds wanted = milliseconds(1);
constexpr std::int64_t fewest_rows = 4;
constexpr std::int64_t most_rows = 500;
/// A row costs a page of the log, which is synced and copied back: about as long again as its statement,
/// each.
constexpr int rest_for_a_piece_when_busy = 300;
constexpr int rest_for_a_piece_when_idle = 4;
constexpr milliseconds shortest_pause{10};
constexpr milliseconds longest_pause{2000};

}  // namespace

milliseconds Pace::pause(Store store) const {
  Microseconds pause = taken_ * rest_for_a_piece_when_idle;
  if (store == Store::busy) pause = std::max(pause, held_ * rest_for_a_piece_when_busy);
  return std::clamp(std::chrono::ceil<milliseconds>(pause), shortest_pause, longest_pause);
}

void Pace::note(std::int64_t rows, Microseconds held, Microseconds taken) {
  held_ = held;
  taken_ = taken;
  if (rows == 0 || held <= Microseconds{0}) return;
  // A piece that was too big is followed by a smaller one at once, growth is tried out.
  const std::int64_t fitting = rows * wanted.count() / held.count();
  rows_ = std::clamp(std::min(fitting, rows_ * 2), fewest_rows, most_rows);
}

}  // namespace latchkey::app
