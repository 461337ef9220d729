#include "crypto/breached/sorter.h"

#include <stdexcept>

namespace latchkey::crypto::breached {
namespace {

/// Of one run, at a time, while runs are merged: 64 KiB.
constexpr std::uint64_t merged_at_once = 8192;

std::span<std::uint8_t> bytes_of(std::vector<Entry>& entries) {
  return {reinterpret_cast<std::uint8_t*>(entries.data()), entries.size() * sizeof(Entry)};
}

}  // namespace

Sorter::Sorter(const std::filesystem::path& folder, std::size_t run_size)
    : file_(OpenFile::without_name(folder)), run_size_(run_size) {}

void Sorter::add(Entry entry) {
  entries_.push_back(entry);
  if (entries_.size() >= run_size_) end_run();
}

void Sorter::end_run() {
  if (entries_.empty()) return;
  std::ranges::sort(entries_);
  runs_.push_back({.offset = written_, .left = entries_.size()});
  const auto bytes = bytes_of(entries_);
  file_.write_at(written_, bytes);
  written_ += bytes.size();
  entries_.clear();
}

std::optional<Entry> Sorter::next_of(Run& run) const {
  if (run.at == run.read.size()) {
    run.at = 0;
    run.read.resize(static_cast<std::size_t>(std::min(run.left, merged_at_once)));
    if (run.read.empty()) return std::nullopt;
    const auto bytes = bytes_of(run.read);
    if (file_.read_at(run.offset, bytes) != bytes.size())
      throw std::runtime_error("the temporary file for sorting has shrunk");
    run.offset += bytes.size();
    run.left -= run.read.size();
  }
  return run.read[run.at++];
}

void Sorter::drain(const std::function<void(Entry)>& each) {
  end_run();
  entries_.shrink_to_fit();
  using Head = std::pair<Entry, std::size_t>;  // of a run
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  const auto push = [&](std::size_t run) {
    if (const auto entry = next_of(runs_[run])) heads.emplace(*entry, run);
  };
  for (std::size_t run = 0; run < runs_.size(); ++run) push(run);
  while (!heads.empty()) {
    const auto [entry, run] = heads.top();
    heads.pop();
    each(entry);
    push(run);
  }
}

}  // namespace latchkey::crypto::breached
