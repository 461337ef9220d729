#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>

#include "base/secret.h"

namespace latchkey::http::wire {

/// What a connection has received and not used yet, in one piece. Its memory may hold passwords and tokens,
/// so what is taken off or left behind is overwritten.
class InputBuffer {
 public:
  InputBuffer() = default;
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;
  ~InputBuffer() { release(); }

  std::string_view text() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  bool holds_memory() const { return capacity_ > 0; }
  /// The bytes that it holds beyond those that every buffer begins with.
  std::size_t extra_memory() const { return capacity_ > first_capacity ? capacity_ - first_capacity : 0; }

  /// Makes room for `size` bytes from the start of `text()`, those that are there included, and for some more
  /// that may follow, up to `most` in all. True when the text moved.
  bool reserve(std::size_t size, std::size_t most = std::numeric_limits<std::size_t>::max()) {
    if (begin_ + size <= capacity_) return false;
    if (size <= capacity_) {
      std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
      std::size_t kept = end_ - begin_;
      wipe(data_.get() + kept, end_ - kept);
      begin_ = 0;
      end_ = kept;
      return true;
    }
    std::size_t capacity = std::max({size, first_capacity, std::min(2 * capacity_, most)});
    std::unique_ptr<char[]> larger(new char[capacity]);
    std::size_t kept = end_ - begin_;
    if (kept > 0) std::memcpy(larger.get(), data_.get() + begin_, kept);
    wipe(data_.get(), end_);
    data_ = std::move(larger);
    capacity_ = capacity;
    begin_ = 0;
    end_ = kept;
    return true;
  }

  char* space() { return data_.get() + end_; }
  std::size_t space_size() const { return capacity_ - end_; }
  void commit(std::size_t size) { end_ += size; }

  /// Takes `size` bytes off the start.
  void consume(std::size_t size) {
    wipe(data_.get() + begin_, size);
    begin_ += size;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  /// Takes off what stands between `from` and `to`, counted from the start of `text()`; what follows moves
  /// up.
  void erase(std::size_t from, std::size_t to) {
    char* at = data_.get() + begin_;
    std::size_t kept = end_ - begin_ - to;
    std::memmove(at + from, at + to, kept);
    wipe(at + from + kept, to - from);
    end_ -= to - from;
  }
  /// Gives the memory back.
  void release() {
    if (capacity_ > 0) wipe(data_.get(), end_);
    data_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  static constexpr std::size_t first_capacity = 4096;

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace latchkey::http::wire
