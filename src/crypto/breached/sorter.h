#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "crypto/breached/format.h"
#include "crypto/breached/open_file.h"

namespace latchkey::crypto::breached {

/// Sorts any number of entries within bounded memory: sorted runs go to a file without a name, and are merged
/// from there. Use it from one thread. Throws std::system_error.
class Sorter {
 public:
  /// 64 MiB at a time.
  static constexpr std::size_t usual_run = std::size_t{8} << 20;

  explicit Sorter(const std::filesystem::path& folder, std::size_t run_size = usual_run);

  void add(Entry entry);
  /// Hands on every entry, in ascending order. Call it once, at the end.
  void drain(const std::function<void(Entry)>& each);

 private:
  struct Run {
    std::uint64_t offset = 0;  ///< of what is not read yet
    std::uint64_t left = 0;    ///< entries that are not read yet
    std::vector<Entry> read{};
    std::size_t at = 0;
  };
  void end_run();
  std::optional<Entry> next_of(Run& run) const;

  OpenFile file_;
  std::size_t run_size_;
  std::vector<Entry> entries_;
  std::vector<Run> runs_;
  std::uint64_t written_ = 0;
};

}  // namespace latchkey::crypto::breached
