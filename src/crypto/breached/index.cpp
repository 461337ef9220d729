#include "crypto/breached/index.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <span>
#include <system_error>

#include "base/error.h"

namespace latchkey::crypto::breached {
namespace {

constexpr std::uint64_t page_size = 4096;
/// How many places of the file are looked at before it is used: on a cold disk, half a second.
constexpr std::uint64_t samples = 64;
/// So many guesses by interpolation; a file whose entries are not spread evenly is halved from there on.
constexpr int most_interpolations = 6;

std::uint64_t offset_of(std::uint64_t index) { return header_size + index * entry_size; }

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw Unusable(file.string() + " " + why + ": make it with `latchkey passwords index LIST --to " +
                 file.string() + "`");
}

/// Opening a pipe of that name must not hold up the start.
OpenFile open(const std::filesystem::path& file) {
  try {
    return OpenFile(file, O_RDONLY | O_NONBLOCK);
  } catch (const std::system_error& error) {
    throw Unusable(error.what());
  }
}

/// Those of consecutive entries.
struct Block {
  std::array<std::uint8_t, page_size> bytes;
  std::uint64_t first = 0;
  std::uint64_t end = 0;

  std::uint64_t size() const { return end - first; }
  Entry entry(std::uint64_t index) const { return read_entry(bytes.data() + (index - first) * entry_size); }
  std::span<std::uint8_t> room() { return {bytes.data(), size() * entry_size}; }
};

/// The part of [from, until) that is in the page of the entry `middle`.
void place(Block& block, std::uint64_t from, std::uint64_t middle, std::uint64_t until) {
  const std::uint64_t page = offset_of(middle) / page_size * page_size;
  const std::uint64_t first_of_page = page <= header_size ? 0 : (page - header_size) / entry_size;
  block.first = std::max(from, first_of_page);
  block.end = std::min(until, (page + page_size - header_size) / entry_size);
}

bool has(const Block& block, Entry wanted) {
  std::uint64_t from = block.first;
  std::uint64_t until = block.end;
  while (from < until) {
    const std::uint64_t middle = from + (until - from) / 2;
    const Entry there = block.entry(middle);
    if (there == wanted) return true;
    (there < wanted ? from : until) = there < wanted ? middle + 1 : middle;
  }
  return false;
}

/// Where `wanted` should stand among [from, until) when all between `least` and `greatest` are spread evenly.
std::uint64_t interpolate(Entry wanted, std::uint64_t from, std::uint64_t until, Entry least,
                          Entry greatest) {
  const double share =
      greatest > least ? static_cast<double>(wanted - least) / static_cast<double>(greatest - least) : 0;
  const auto steps = static_cast<std::uint64_t>(share * static_cast<double>(until - from));
  return std::min(from + steps, until - 1);
}

}  // namespace

Index::Index(const std::filesystem::path& file) : file_(open(file)) {
  struct stat status {};
  if (::fstat(file_.descriptor(), &status) != 0 || !S_ISREG(status.st_mode))
    refuse(file, "is not a regular file");
  try {
    std::array<std::uint8_t, header_size> first{};
    const std::size_t size = file_.read_at(0, first);
    const auto count = read_header({first.data(), size}, static_cast<std::uint64_t>(status.st_size));
    if (const auto* why = std::get_if<std::string>(&count)) refuse(file, *why);
    count_ = std::get<std::uint64_t>(count);

    std::uint64_t next = 0;
    Entry before = 0;
    for (std::uint64_t i = 0; i < std::min(samples, count_); ++i) {
      const std::uint64_t at = samples < count_ ? (count_ - 1) / (samples - 1) * i : i;
      Block block;
      place(block, at, at, std::min(at + 2, count_));
      if (file_.read_at(offset_of(at), block.room()) != block.room().size()) refuse(file, "is truncated");
      for (std::uint64_t k = std::max(at, next); k < block.end; ++k) {
        if (k > 0 && block.entry(k) <= before)
          refuse(file, "is not sorted at entry " + std::to_string(k + 1));
        before = block.entry(k);
      }
      next = block.end;
    }
  } catch (const std::system_error& error) {
    throw Unusable(error.what());
  }
}

Index::Answer Index::look_up(Entry wanted) const {
  std::uint64_t from = 0;
  std::uint64_t until = count_;
  Entry least = 0;
  Entry greatest = std::numeric_limits<Entry>::max();
  Answer answer;
  Block block;
  while (from < until) {
    const std::uint64_t middle = answer.pages < most_interpolations
                                     ? interpolate(wanted, from, until, least, greatest)
                                     : from + (until - from) / 2;
    place(block, from, middle, until);
    ++answer.pages;
    try {
      if (file_.read_at(offset_of(block.first), block.room()) != block.room().size())
        throw Unavailable(file_.path().string() + " has been truncated: restart with a whole one");
    } catch (const std::system_error& error) {
      throw Unavailable(error.what());
    }
    if (wanted < block.entry(block.first)) {
      until = block.first;
      greatest = block.entry(block.first);
    } else if (wanted > block.entry(block.end - 1)) {
      from = block.end;
      least = block.entry(block.end - 1);
    } else {
      answer.found = has(block, wanted);
      return answer;
    }
  }
  return answer;
}

}  // namespace latchkey::crypto::breached
