#include "app/cli/move_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace latchkey::app::cli {
namespace {

constexpr auto redraw = std::chrono::milliseconds(100);
constexpr std::size_t width = 30;
/// Back to the beginning of the line, and nothing on it (ECMA-48, EL).
constexpr std::string_view wipe_line = "\r\x1b[K";

std::string_view verb(move::MoveObserver::Phase phase) {
  switch (phase) {
    case move::MoveObserver::Phase::copy:
      return "copying";
    case move::MoveObserver::Phase::check:
      return "comparing";
    case move::MoveObserver::Phase::follow:
      return "following";
  }
  return "";
}

void refuse_when_stopping(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Unavailable("the server is stopping: run the command again");
}

}  // namespace

std::string render_bar(const move::MoveObserver::Progress& progress) {
  const auto total = std::max<std::int64_t>(progress.total, 1);
  const auto done = std::clamp<std::int64_t>(progress.total == 0 ? 1 : progress.done, 0, total);
  const auto filled =
      static_cast<std::size_t>(static_cast<double>(done) / static_cast<double>(total) * width);
  return fmt::format(
      "{:<9} {:<12} [{:<{}}] {:>3} % {:>12}", verb(progress.phase), progress.table, std::string(filled, '#'),
      width, static_cast<int>(static_cast<double>(done) / static_cast<double>(total) * 100), progress.done);
}

/// Writes nothing, but finds out whether somebody still reads.
void MoveProgress::wait() {
  refuse_when_stopping(stop_);
  console_.err("");
}

void MoveProgress::progress(const Progress& progress) {
  refuse_when_stopping(stop_);
  const auto now = SteadyClock::now();
  const bool done = progress.done == progress.total && progress.phase != Phase::follow;
  if (style_ == Style::bar) {
    if (done || now - shown_at_ >= redraw) draw(progress);
  } else if (done) {
    console_.out(fmt::format("{} {}: {} rows\n", verb(progress.phase), progress.table, progress.done));
  } else if (now - shown_at_ >= redraw) {
    wait();
  } else {
    return;
  }
  shown_at_ = now;
}

void MoveProgress::draw(const Progress& progress) {
  console_.err(fmt::format("{}{}", wipe_line, render_bar(progress)));
  drawn_ = true;
}

void MoveProgress::end() {
  if (drawn_) console_.err(wipe_line);
  drawn_ = false;
}

void MoveProgress::tell(std::string_view sentence) {
  end();
  console_.out(fmt::format("{}\n", sentence));
}

}  // namespace latchkey::app::cli
