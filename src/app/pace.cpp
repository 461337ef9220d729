#include "app/pace.h"

#include <algorithm>

namespace latchkey::app {
namespace {

constexpr Microseconds wanted = std::chrono::milliseconds(1);
constexpr std::int64_t fewest_rows = 4;
constexpr std::int64_t most_rows = 500;
constexpr int pauses_for_a_piece = 4;
constexpr std::chrono::milliseconds shortest_pause{10};
constexpr std::chrono::milliseconds longest_pause{2000};

}  // namespace

void Pace::note(std::int64_t rows, Microseconds held, Microseconds taken) {
  pause_ = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(taken * pauses_for_a_piece),
                      shortest_pause, longest_pause);
  if (rows == 0 || held <= Microseconds{0}) return;
  // A piece that was too big is followed by a smaller one at once, growth is tried out.
  const std::int64_t fitting = rows * wanted.count() / held.count();
  rows_ = std::clamp(std::min(fitting, rows_ * 2), fewest_rows, most_rows);
}

}  // namespace latchkey::app
