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

std::int64_t to_numeric_date(Timestamp at) {
  return std::chrono::floor<Seconds>(at).time_since_epoch().count();
}

}  // namespace latchkey
