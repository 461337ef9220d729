#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace latchkey::app {

/// The start is refused; the sentences are for the operator, on standard error.
class StartRefused : public std::runtime_error {
 public:
  explicit StartRefused(std::vector<std::string> sentences);
  explicit StartRefused(std::string sentence);
  const std::vector<std::string>& sentences() const { return sentences_; }

 private:
  std::vector<std::string> sentences_;
};

/// Another process has the data directory; it may let go of it soon.
class StoreInUse : public StartRefused {
 public:
  using StartRefused::StartRefused;
};

}  // namespace latchkey::app
