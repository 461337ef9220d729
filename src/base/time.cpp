#include "base/time.h"

#include <time.h>  // NOLINT(modernize-deprecated-headers): POSIX's clocks

#include <algorithm>
#ifdef LATCHKEY_TEST_HOOKS
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>
#endif

namespace latchkey {

Clock::Clock() {
#ifdef LATCHKEY_TEST_HOOKS
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read at start, before there are threads
  if (const char* path = std::getenv("LATCHKEY_TEST_CLOCK_FILE")) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::system_category(), "LATCHKEY_TEST_CLOCK_FILE");
    void* mapped = ::mmap(nullptr, 2 * sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    if (mapped == MAP_FAILED)
      throw std::system_error(errno, std::system_category(), "LATCHKEY_TEST_CLOCK_FILE");
    hook_ = static_cast<const volatile std::int64_t*>(mapped);
  }
#endif
}

Timestamp Clock::machine_time() const {
  const auto real = std::chrono::time_point_cast<Microseconds>(std::chrono::system_clock::now());
  return hook_ == nullptr ? real : real + Microseconds{hook_[1]};
}

Microseconds Clock::time_since_boot() {
  // Unlike CLOCK_MONOTONIC it goes on while the machine sleeps.
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return Seconds{time.tv_sec} + Microseconds{time.tv_nsec / 1000};
}

Rfc3339::Rfc3339(Timestamp at) {
  constexpr Timestamp first{std::chrono::sys_days{std::chrono::year{0} / 1 / 1}};
  constexpr Timestamp after{std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1}};
  at = std::clamp(at, first, after - Microseconds{1});
  // By hand: two of them stand in every account that is sent, and fmt's way costs a microsecond.
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  text_.back() = 'Z';
  const auto put = [this](std::size_t end, std::int64_t number) {
    for (; number > 0; number /= 10) text_[--end] = static_cast<char>('0' + number % 10);
  };
  put(4, static_cast<int>(date.year()));
  put(7, static_cast<unsigned>(date.month()));
  put(10, static_cast<unsigned>(date.day()));
  put(13, time.hours().count());
  put(16, time.minutes().count());
  put(19, time.seconds().count());
  put(26, time.subseconds().count());
}

std::string format_rfc3339(Timestamp at) { return std::string(Rfc3339(at).view()); }

namespace {

/// Reads fixed numbers of digits and single characters from the front of a text.
class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}

  std::optional<int> take(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  bool skip(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  char last() const { return last_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char last_ = 0;
};

/// The digits behind the decimal point, as microseconds.
std::optional<Microseconds> take_fraction(Digits& in) {
  std::int64_t value = 0;
  std::size_t count = 0;
  while (const auto digit = in.take(1)) {
    if (++count > 9) return std::nullopt;
    if (count <= 6) value = value * 10 + *digit;
  }
  if (count == 0) return std::nullopt;
  for (; count < 6; ++count) value *= 10;
  return Microseconds{value};
}

std::optional<Seconds> take_offset(Digits& in) {
  if (in.skip("Zz")) return Seconds{0};
  if (!in.skip("+-")) return std::nullopt;
  const int sign = in.last() == '-' ? -1 : 1;
  const auto hours = in.take(2);
  if (!hours || *hours > 23 || !in.skip(":")) return std::nullopt;
  const auto minutes = in.take(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return Seconds{sign * (*hours * 3600 + *minutes * 60)};
}

}  // namespace

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Digits in(text);
  const auto year = in.take(4);
  if (!year || !in.skip("-")) return std::nullopt;
  const auto month = in.take(2);
  if (!month || !in.skip("-")) return std::nullopt;
  const auto day = in.take(2);
  if (!day || !in.skip("Tt ")) return std::nullopt;
  const auto hour = in.take(2);
  if (!hour || *hour > 23 || !in.skip(":")) return std::nullopt;
  const auto minute = in.take(2);
  if (!minute || *minute > 59 || !in.skip(":")) return std::nullopt;
  const auto second = in.take(2);
  if (!second || *second > 59) return std::nullopt;
  Microseconds fraction{0};
  if (in.skip(".")) {
    const auto digits = take_fraction(in);
    if (!digits) return std::nullopt;
    fraction = *digits;
  }
  const auto offset = take_offset(in);
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!offset || !in.at_end() || !date.ok()) return std::nullopt;
  return Timestamp{std::chrono::sys_days{date}} + Seconds{*hour * 3600 + *minute * 60 + *second} + fraction -
         *offset;
}

std::int64_t to_numeric_date(Timestamp at) {
  return std::chrono::floor<Seconds>(at).time_since_epoch().count();
}

}  // namespace latchkey
