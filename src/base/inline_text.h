#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <string_view>

namespace latchkey {

/// The text of a row that is read for every request: up to `N` bytes stand in the object itself, longer texts
/// on the heap.
template <std::size_t N>
class InlineText {
 public:
  InlineText() = default;
  explicit InlineText(std::string_view text) : bytes_(text.begin(), text.end()) {}

  // NOLINTNEXTLINE(google-explicit-constructor): a row's text is used as one
  operator std::string_view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  boost::container::small_vector<char, N> bytes_;
};

}  // namespace latchkey
