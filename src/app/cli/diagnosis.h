#pragma once

#include <fmt/format.h>

#include <string_view>

#include "app/cli/console.h"
#include "app/cli/table.h"

namespace latchkey::app::cli {

/// The lines that `latchkey doctor` prints, as they are found.
class Diagnosis {
 public:
  explicit Diagnosis(Console& console) : console_(console) {}

  template <class... Arguments>
  void ok(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write("ok  ", fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  template <class... Arguments>
  void warn(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write("warn", fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  template <class... Arguments>
  void fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    failed_ = true;
    write("FAIL", fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  bool failed() const { return failed_; }

  /// Runs one check; what it throws is what it found.
  template <class Check>
  void run(std::string_view subject, Check check) {
    try {
      check();
    } catch (const ConsoleGone&) {
      throw;
    } catch (const std::exception& error) {
      fail("{}: {}", subject, error.what());
    }
  }

 private:
  void write(std::string_view verdict, std::string_view text) {
    console_.out(fmt::format("{}  {}\n", verdict, printable(text)));
  }

  Console& console_;
  bool failed_ = false;
};

}  // namespace latchkey::app::cli
