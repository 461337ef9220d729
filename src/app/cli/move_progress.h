#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "app/cli/console.h"
#include "move/copy.h"

namespace latchkey::app::cli {

/// Shows a move on a console: a bar that moves on a terminal, a line for each table that is done elsewhere.
/// Ends the move when nobody reads any more, or the server stops.
class MoveProgress final : public move::MoveObserver {
 public:
  enum class Style : std::uint8_t { lines, bar };
  MoveProgress(Console& console, Style style, std::stop_token stop)
      : console_(console), style_(style), stop_(std::move(stop)) {}

  void progress(const Progress& progress) override;
  void wait() override;
  bool is_ending() const override { return stop_.stop_requested(); }
  void tell(std::string_view sentence) override;
  /// Takes the bar away.
  void end();

 private:
  using SteadyClock = std::chrono::steady_clock;
  void draw(const Progress& progress);

  Console& console_;
  Style style_;
  std::stop_token stop_;
  SteadyClock::time_point shown_at_{};
  bool drawn_ = false;
};

/// One line of the bar, without its colours and ends.
std::string render_bar(const move::MoveObserver::Progress& progress);

}  // namespace latchkey::app::cli
