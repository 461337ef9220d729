#pragma once

#include <cstdint>
#include <filesystem>

#include "db/data_lock.h"

namespace latchkey::db::sqlite {

struct Compacted {
  std::uintmax_t bytes_before = 0;
  std::uintmax_t bytes_after = 0;
};

/// Writes the database of a directory anew, without the space in it that holds nothing, and so that free
/// space can be given back from then on (`Database::give_free_space_back`). Nobody may have the database
/// open.
///
/// The new file is written beside the old one, synced, read in full, and then takes its name: a crash at any
/// moment leaves one or the other, and both are good. So the disk needs room for both, which is looked at
/// before anything is written. Throws `Unavailable` when there is none, `Corrupt` when the database is
/// damaged, and `Fault` otherwise; then the old file is in place.
Compacted compact(const DataLock& lock, const std::filesystem::path& directory);

/// Removes what a crash left half written. Answers whether there was something.
bool discard_compaction(const std::filesystem::path& directory);

}  // namespace latchkey::db::sqlite
