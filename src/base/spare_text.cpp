#include "base/spare_text.h"

#include <utility>

namespace latchkey {
namespace {

constexpr std::size_t largest_kept = 4096;

thread_local std::string spare;

}  // namespace

std::string take_spare_text() {
  std::string text = std::exchange(spare, {});
  text.clear();
  return text;
}

void keep_spare_text(std::string text) {
  if (text.capacity() > spare.capacity() && text.capacity() <= largest_kept) spare = std::move(text);
}

}  // namespace latchkey
