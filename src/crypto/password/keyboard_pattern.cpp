#include "crypto/password/keyboard_pattern.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <span>
#include <vector>

namespace latchkey::crypto::password {
namespace {

/// A key by its column and row, or the way from one key to another.
struct Place {
  int x = 0;
  int y = 0;
  bool operator==(const Place&) const = default;
};
using Path = std::vector<Place>;

constexpr std::size_t shortest = 6;
constexpr std::size_t longest_movement = 6;

// Each with the same key below itself shifted.
constexpr std::array<std::string_view, 8> letters = {"`1234567890-=",  "~!@#$%^&*()_+", " qwertyuiop[]\\",
                                                     " QWERTYUIOP{}|", " asdfghjkl;'",  " ASDFGHJKL:\"",
                                                     " zxcvbnm,./",    " ZXCVBNM<>?"};
constexpr std::array<std::string_view, 4> keypad = {"789", "456", "123", "0"};

/// The keys of a text; nothing if one of its characters is on none.
std::optional<Path> find_keys(std::string_view text, std::span<const std::string_view> rows,
                              int rows_of_key) {
  Path keys;
  keys.reserve(text.size());
  for (const char c : text) {
    int row = 0;
    std::size_t column = std::string_view::npos;
    for (const std::string_view on_row : rows) {
      // A blank only fills a place.
      column = c == ' ' ? std::string_view::npos : on_row.find(c);
      if (column != std::string_view::npos) break;
      ++row;
    }
    if (column == std::string_view::npos) return std::nullopt;
    keys.push_back({static_cast<int>(column), row / rows_of_key});
  }
  return keys;
}

Path steps_of(const Path& keys) {
  Path steps;
  steps.reserve(keys.size());
  for (std::size_t i = 1; i < keys.size(); ++i)
    steps.push_back({keys[i].x - keys[i - 1].x, keys[i].y - keys[i - 1].y});
  return steps;
}

bool is_to_a_neighbour(const Place& step) { return std::abs(step.x) <= 1 && std::abs(step.y) <= 1; }

/// How many steps somebody would try in a place where such a step is right.
double choices(const Place& step) {
  if (step.x == 0 || (step.y == 0 && std::abs(step.x) == 1)) return 4;  // along a row or a column
  return is_to_a_neighbour(step) ? 8 : 20;
}

/// Over neighbouring keys only: where it begins, and where it turns.
std::optional<double> guess_path(const Path& steps, double keys) {
  if (!std::ranges::all_of(steps, is_to_a_neighbour)) return std::nullopt;
  double guesses = std::log10(keys * choices(steps.front()));
  for (std::size_t i = 1; i < steps.size(); ++i)
    guesses += std::log10(steps[i] == steps[i - 1] ? 1.2 : choices(steps[i]) * 0.6);
  return guesses;
}

/// A movement of a few steps, again and again; at least twice but for the last step.
std::optional<double> guess_movement(const Path& steps, double keys) {
  for (std::size_t period = 1; period <= longest_movement && 2 * period <= steps.size() + 1; ++period) {
    if (!std::equal(steps.begin() + static_cast<std::ptrdiff_t>(period), steps.end(), steps.begin()))
      continue;
    double guesses = std::log10(keys);
    for (std::size_t i = 0; i < period; ++i)
      guesses += std::log10(i > 0 && steps[i] == steps[i - 1] ? 2 : choices(steps[i]));
    return guesses;
  }
  return std::nullopt;
}

/// Two straight lines whose characters come by turns.
std::optional<double> guess_lines(const Path& keys, double number_of_keys) {
  const auto same_step = [&](std::size_t from) {
    const Place first{keys[from + 2].x - keys[from].x, keys[from + 2].y - keys[from].y};
    for (std::size_t i = from + 4; i < keys.size(); i += 2) {
      if (Place{keys[i].x - keys[i - 2].x, keys[i].y - keys[i - 2].y} != first) return false;
    }
    return std::abs(first.x) <= 2 && std::abs(first.y) <= 1;
  };
  if (!same_step(0) || !same_step(1)) return std::nullopt;
  // Two beginnings and two directions.
  return std::log10(number_of_keys * 20 * 4 * 4);
}

std::optional<double> smaller(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

std::optional<double> guess_on(const std::optional<Path>& keys, double number_of_keys) {
  if (!keys) return std::nullopt;
  const Path steps = steps_of(*keys);
  return smaller(smaller(guess_path(steps, number_of_keys), guess_movement(steps, number_of_keys)),
                 guess_lines(*keys, number_of_keys));
}

}  // namespace

std::optional<double> keyboard_guesses_log10(std::string_view text) {
  if (text.size() < shortest) return std::nullopt;
  return smaller(guess_on(find_keys(text, letters, 2), 47), guess_on(find_keys(text, keypad, 1), 10));
}

}  // namespace latchkey::crypto::password
