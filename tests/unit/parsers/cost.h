// What a function costs for texts of two lengths, in processor time of this thread: other load does not
// count.
#pragma once

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace latchkey::test {

/// A parser and a kind of text that is meant to cost it much.
struct Hostile {
  std::string name;
  std::size_t size;  ///< of the longer text: the most that reaches the parser from outside
  std::function<std::string(std::size_t)> make;
  std::function<void(std::string_view)> parse;
};

inline double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Seconds for one call: the best of several rounds, each long enough for the clock.
inline double cost_of(const Hostile& hostile, const std::string& text, int rounds) {
  constexpr double long_enough = 3e-4;
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < rounds; ++round) {
    std::size_t calls = 0;
    const double begun = thread_seconds();
    double spent = 0;
    do {
      hostile.parse(text);
      ++calls;
      spent = thread_seconds() - begun;
    } while (spent < long_enough);
    best = std::min(best, spent / static_cast<double>(calls));
  }
  return best;
}

struct Growth {
  double shorter;  ///< seconds for a quarter of the size
  double longer;   ///< seconds for the size
  double ratio() const { return longer / shorter; }
};

/// Four times the text costs a linear parser four times the time, and one that is quadratic sixteen times.
/// Between them there is room for caches and for allocators.
inline constexpr double most_of_linear = 9;

/// The smallest growth of a few tries, which ends with the first that is linear.
inline Growth growth_of(const Hostile& hostile) {
  Growth best{};
  for (int attempt = 0; attempt < 4; ++attempt) {
    const Growth growth{cost_of(hostile, hostile.make(hostile.size / 4), 3),
                        cost_of(hostile, hostile.make(hostile.size), 3)};
    if (attempt == 0 || growth.ratio() < best.ratio()) best = growth;
    if (best.ratio() < most_of_linear) break;
  }
  return best;
}

/// `piece` again and again between `front` and `back`, `size` bytes in all or a little less.
inline std::string repeated(std::string_view front, std::string_view piece, std::string_view back,
                            std::size_t size) {
  std::string text(front);
  while (text.size() + piece.size() + back.size() <= size) text += piece;
  return text.append(back);
}

/// The same with the number of the piece behind `before`, so that no two are the same.
inline std::string numbered(std::string_view front, std::string_view before, std::string_view after,
                            std::string_view back, std::size_t size) {
  std::string text(front);
  for (std::size_t number = 100'000; text.size() + before.size() + after.size() + back.size() + 6 <= size;
       ++number)
    text.append(before).append(std::to_string(number)).append(after);
  return text.append(back);
}

}  // namespace latchkey::test
