#include "base/secret.h"

#include <cstring>
#include <utility>

namespace latchkey {

Secret::Secret(std::string_view text)
    : data_(text.empty() ? nullptr : new char[text.size()]), size_(text.size()) {
  if (size_ != 0) std::memcpy(data_, text.data(), size_);
}

Secret::Secret(std::span<const std::uint8_t> bytes)
    : Secret(std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()}) {}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (data_ != nullptr) wipe(data_, size_);
  delete[] data_;
}

std::span<const std::uint8_t> Secret::bytes() const {
  return {reinterpret_cast<const std::uint8_t*>(data_), size_};
}

bool operator==(const Secret& a, const Secret& b) { return equal_in_constant_time(a.bytes(), b.bytes()); }

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  if (a.size() != b.size()) return false;
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = difference | (a[i] ^ b[i]);
  return difference == 0;
}

void wipe(void* data, std::size_t size) {
  if (size > 0) ::explicit_bzero(data, size);
}

void wipe(std::string& text) {
  text.resize(text.capacity());
  wipe(text.data(), text.size());
  text.clear();
}

}  // namespace latchkey
