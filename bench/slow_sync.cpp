// Makes a disk slower than it is: loaded before a program's libraries, each of its syncs takes that much
// longer.
//
//   LD_PRELOAD=libslow_sync.so SLOW_SYNC_MICROSECONDS=N program
//
// The thread sleeps, as it does while a disk works, and the sync itself is made all the same.

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace {

void wait() {
  static const long microseconds = [] {
    const char* const text = std::getenv("SLOW_SYNC_MICROSECONDS");
    return text == nullptr ? 0L : std::strtol(text, nullptr, 10);
  }();
  timespec rest{.tv_sec = microseconds / 1'000'000, .tv_nsec = microseconds % 1'000'000 * 1000};
  while (::nanosleep(&rest, &rest) != 0) {
  }
}

using Sync = int (*)(int);

}  // namespace

extern "C" {

int fsync(int file) {
  static const auto real = reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, "fsync"));
  wait();
  return real(file);
}
int fdatasync(int file) {
  static const auto real = reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, "fdatasync"));
  wait();
  return real(file);
}

}  // extern "C"
