#include "db/sqlite/test_disk_rules.h"

#ifdef LATCHKEY_TEST_HOOKS

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace latchkey::db::sqlite::test_disk {
namespace {

constexpr std::array operations{std::string_view{"read"}, std::string_view{"write"}, std::string_view{"sync"},
                                std::string_view{"truncate"}, std::string_view{"open"}};
constexpr std::array targets{std::string_view{"db"}, std::string_view{"wal"}, std::string_view{"other"},
                             std::string_view{"folder"}};
constexpr std::array kinds{std::string_view{"none"},    std::string_view{"error"}, std::string_view{"full"},
                           std::string_view{"delay"},   std::string_view{"die"},   std::string_view{"cut"},
                           std::string_view{"readonly"}};

template <std::size_t N>
int place_of(std::string_view word, const std::array<std::string_view, N>& words, const std::string& line) {
  if (word == "any") return -1;
  const auto found = std::ranges::find(words, word);
  if (found == words.end()) throw std::runtime_error("LATCHKEY_TEST_DISK: a line means nothing: " + line);
  return static_cast<int>(found - words.begin());
}

}  // namespace

Rules::Rule Rules::parse(const std::string& line) {
  std::istringstream words(line);
  std::string operation, target, kind, more;
  words >> operation >> target >> kind;
  Rule rule;
  rule.operation = place_of(operation, operations, line);
  rule.target = place_of(target, targets, line);
  rule.fault.kind = static_cast<Kind>(std::max(0, place_of(kind, kinds, line)));
  if (rule.fault.kind == Kind::cut) rule.fault.lose = 0.5;
  if (rule.fault.kind == Kind::readonly) rule.fault.lose = 0;
  while (words >> more) {
    const auto at = more.find('=');
    const std::string name = more.substr(0, at);
    const double value = at == std::string::npos ? 0 : std::stod(more.substr(at + 1));
    if (name == "after") {
      rule.after = static_cast<std::int64_t>(value);
    } else if (name == "times") {
      rule.times = static_cast<std::int64_t>(value);
    } else if (name == "chance") {
      rule.chance = value;
    } else if (name == "ms") {
      rule.fault.ms = static_cast<int>(value);
    } else if (name == "lose") {
      rule.fault.lose = value;
    } else {
      throw std::runtime_error("LATCHKEY_TEST_DISK: a line means nothing: " + line);
    }
  }
  return rule;
}

void Rules::refresh() {
  struct stat status {};
  if (::stat(file_.c_str(), &status) != 0) return;
  const std::int64_t changed_at = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec +
                                  static_cast<std::int64_t>(status.st_ino);
  if (changed_at == changed_at_) return;
  changed_at_ = changed_at;
  std::ifstream stream(file_);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (text == text_) return;
  text_ = std::move(text);
  rules_.clear();
  std::istringstream lines(text_);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("seed ")) {
      random_.seed(std::stoull(line.substr(5)));
    } else {
      rules_.push_back(parse(line));
    }
  }
}

Fault Rules::next(Operation operation, Target target) {
  refresh();
  for (Rule& rule : rules_) {
    if (rule.operation >= 0 && rule.operation != static_cast<int>(operation)) continue;
    if (rule.target >= 0 && rule.target != static_cast<int>(target)) continue;
    if (rule.fault.kind == Kind::readonly ? operation == Operation::read : operation == Operation::open)
      continue;
    if (rule.after > 0) {
      --rule.after;
      continue;
    }
    if (rule.times > 0 && rule.acted >= rule.times) continue;
    if (rule.chance < 1 && !dice(rule.chance)) continue;
    ++rule.acted;
    if (rule.fault.kind != Kind::delay)
      note({static_cast<int>(operation), static_cast<int>(target), rule.fault});
    return rule.fault;
  }
  return {};
}

void Rules::note(const Rule& rule) const {
  std::ofstream log(file_.string() + ".log", std::ios::app);
  log << operations.at(static_cast<std::size_t>(rule.operation)) << ' '
      << targets.at(static_cast<std::size_t>(rule.target)) << ' '
      << kinds.at(static_cast<std::size_t>(rule.fault.kind)) << '\n';
}

}  // namespace latchkey::db::sqlite::test_disk

#endif
