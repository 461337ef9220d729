#include "base/test_point.h"

#ifdef LATCHKEY_TEST_HOOKS

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX's kill
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace latchkey {
namespace {

struct Line {
  std::string point;
  bool dies = false;
  int after = 0;  ///< passes before it acts; it acts once
};

Line parse(const std::string& text) {
  std::istringstream words(text);
  Line line;
  std::string action, more;
  words >> line.point >> action;
  line.dies = action == "die";
  bool is_known = line.dies || action == "hold";
  while (words >> more) {
    is_known = is_known && more.starts_with("after=");
    if (is_known) line.after = std::stoi(more.substr(more.find('=') + 1));
  }
  if (!is_known) throw std::runtime_error("LATCHKEY_TEST_POINTS: a line means nothing: " + text);
  return line;
}

/// The control file. It is read at each point, and begins anew when its text has changed.
class Points {
 public:
  explicit Points(std::string file) : file_(std::move(file)) {}

  void pass(std::string_view name) {
    std::unique_lock lock(mutex_);
    refresh();
    for (Line& line : lines_) {
      if (line.point != name || line.after-- != 0) continue;
      std::ofstream(file_ + ".log", std::ios::app) << name << '\n';
      if (line.dies) ::kill(::getpid(), SIGKILL);
      const std::string held_by = text_;
      lock.unlock();
      while (read() == held_by) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      return;
    }
  }

 private:
  std::string read() const {
    std::ifstream stream(file_);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  void refresh() {
    std::string text = read();
    if (text == text_) return;
    text_ = std::move(text);
    lines_.clear();
    std::istringstream lines(text_);
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && line.front() != '#') lines_.push_back(parse(line));
    }
  }

  const std::string file_;
  std::mutex mutex_;
  std::string text_;
  std::vector<Line> lines_;
};

/// Lives as long as the process, whose threads may pass a point until it ends.
Points* make_points() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing of ours changes the environment
  const char* file = std::getenv("LATCHKEY_TEST_POINTS");
  return file == nullptr ? nullptr : new Points(file);
}

}  // namespace

void test_point(std::string_view name) {
  static Points* const points = make_points();
  if (points != nullptr) points->pass(name);
}

}  // namespace latchkey

#endif
