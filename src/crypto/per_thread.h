#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace latchkey::crypto {

/// A number for each key of the process, never given twice: what a thread's prepared context belongs to.
inline std::uint64_t new_key_number() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// A thread's prepared contexts of the keys that it used last. Preparing one costs more than using it, and
/// OpenSSL's contexts can not be shared by threads. Keys made near each other, as a keyring's are, have
/// different places. Made for `thread_local`; the owners that it holds free and overwrite what is replaced.
template <class Owner>
class PerThread {
 public:
  template <class Prepare>
  typename Owner::pointer get(std::uint64_t key_number, Prepare&& prepare) {
    Place& place = places_[key_number % places_.size()];
    if (place.key_number != key_number) {
      place.context = prepare();
      place.key_number = key_number;
    }
    return place.context.get();
  }

 private:
  struct Place {
    std::uint64_t key_number = 0;
    Owner context;
  };
  std::array<Place, 16> places_;
};

}  // namespace latchkey::crypto
