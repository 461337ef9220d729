#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <string_view>

namespace latchkey {

/// A text that is made, read and dropped, in rows that every request has: up to `N` bytes stand in the object
/// itself, longer ones on the heap.
template <std::size_t N>
class InlineText {
 public:
  InlineText() = default;
  explicit InlineText(std::string_view text) : bytes_(text.begin(), text.end()) {}

  operator std::string_view() const {
    return {bytes_.data(), bytes_.size()};
  }  // NOLINT(google-explicit-constructor)

 private:
  boost::container::small_vector<char, N> bytes_;
};

}  // namespace latchkey
