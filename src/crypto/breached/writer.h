#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "crypto/breached/format.h"
#include "crypto/breached/open_file.h"

namespace latchkey::crypto::breached {

/// Writes an index beside its place (`<file>.new`) and puts it there once it is whole and on the disk, so
/// that a server that has the earlier one open goes on with that. Whatever goes wrong, the earlier one stays
/// and the draft is removed. Use it from one thread. Throws std::system_error, and std::runtime_error while
/// another process writes the same index.
class Writer {
 public:
  explicit Writer(std::filesystem::path file);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  /// In ascending order: the caller has checked. One that has just been there is left out.
  void add(Entry entry);
  bool is_empty() const { return count_ == 0; }
  /// Answers how many entries the index has. Nothing may follow.
  std::uint64_t finish();

 private:
  void flush();

  std::filesystem::path target_;
  OpenFile draft_;
  bool done_ = false;
  std::uint64_t count_ = 0;
  Entry last_ = 0;
  std::vector<std::uint8_t> waiting_;
};

}  // namespace latchkey::crypto::breached
