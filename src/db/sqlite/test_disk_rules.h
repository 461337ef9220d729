#pragma once

#ifdef LATCHKEY_TEST_HOOKS

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::db::sqlite::test_disk {

enum class Operation : std::uint8_t { read, write, sync, truncate, open };
enum class Target : std::uint8_t { db, wal, other, folder };
enum class Kind : std::uint8_t { none, error, full, delay, die, cut, readonly };

/// What is to happen to one operation.
struct Fault {
  Kind kind = Kind::none;
  int ms = 0;
  double lose = 1;  ///< the chance of each unsynced sector to be lost
};

/// The lines of the control file; each is read anew when the file has changed. For one thread at a time.
class Rules {
 public:
  explicit Rules(std::filesystem::path file) : file_(std::move(file)) {}

  /// Reads the file if it has changed. Throws std::runtime_error for a line that means nothing.
  void refresh();
  /// The fault of this operation; of several lines that mean it, the first that acts.
  Fault next(Operation operation, Target target);
  /// True with this chance, by the seed of the control file.
  bool dice(double chance) { return std::uniform_real_distribution<double>(0, 1)(random_) < chance; }

 private:
  struct Rule {
    int operation = 0;  ///< -1: any
    int target = 0;     ///< -1: any
    Fault fault;
    std::int64_t after = 0;  ///< operations that it lets pass
    std::int64_t times = 1;  ///< 0: for ever
    double chance = 1;
    std::int64_t acted = 0;
  };
  static Rule parse(const std::string& line);
  void note(const Rule& rule) const;

  std::filesystem::path file_;
  std::string text_;
  std::int64_t changed_at_ = -1;
  std::vector<Rule> rules_;
  std::mt19937_64 random_{1};
};

}  // namespace latchkey::db::sqlite::test_disk

#endif
