#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace latchkey {

/// Bytes that must not leak: a password, a key, a token. It has no printer and no implicit conversion,
/// compares in constant time, and overwrites its memory when it goes. Moves leave the source empty; copies
/// are explicit.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);
  explicit Secret(std::span<const std::uint8_t> bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  Secret copy() const { return Secret(text()); }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  /// The content. The caller answers for where it goes.
  std::string_view text() const { return {data_, size_}; }
  std::span<const std::uint8_t> bytes() const;

  /// Time depends on the lengths only.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Compares without leaking, by its time, where the first difference is. Lengths are not secret.
bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

/// Overwrites memory in a way that the compiler may not drop.
void wipe(void* data, std::size_t size);
/// Overwrites and empties a string, its unused capacity included.
void wipe(std::string& text);

}  // namespace latchkey
