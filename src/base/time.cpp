#include "base/time.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

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
    void* mapped = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    if (mapped == MAP_FAILED)
      throw std::system_error(errno, std::system_category(), "LATCHKEY_TEST_CLOCK_FILE");
    offset_ = static_cast<const volatile std::int64_t*>(mapped);
  }
#endif
}

Timestamp Clock::now() const {
  const auto real = std::chrono::time_point_cast<Microseconds>(std::chrono::system_clock::now());
  return offset_ == nullptr ? real : real + Microseconds{*offset_};
}

std::string format_rfc3339(Timestamp at) {
  const auto second = std::chrono::floor<Seconds>(at);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(second)),
                     (at - second).count());
}

std::int64_t to_numeric_date(Timestamp at) {
  return std::chrono::floor<Seconds>(at).time_since_epoch().count();
}

}  // namespace latchkey
