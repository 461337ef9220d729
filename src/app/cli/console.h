#pragma once

#include <stdexcept>
#include <string_view>

namespace latchkey::app::cli {

/// Where a command writes: the standard streams of this process, or those of a client behind the socket.
class Console {
 public:
  virtual ~Console() = default;
  /// Standard output and standard error. Throw ConsoleGone when nobody reads any more, so that a long list
  /// ends early.
  virtual void out(std::string_view text) = 0;
  virtual void err(std::string_view text) = 0;

  /// One sentence of complaint.
  void complain(std::string_view sentence);
};

class ConsoleGone : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Standard output and standard error of this process, unbuffered: give it whole pieces.
class ProcessConsole final : public Console {
 public:
  void out(std::string_view text) override;
  void err(std::string_view text) override;
};

}  // namespace latchkey::app::cli
