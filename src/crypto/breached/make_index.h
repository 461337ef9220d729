#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace latchkey::crypto::breached {

enum class ListKind : std::uint8_t {
  hashes,    ///< of Have I Been Pwned, sorted by hash
  passwords  ///< one a line, in any order
};

struct Made {
  std::uint64_t lines = 0;
  std::uint64_t skipped = 0;  ///< of a list of passwords: what is empty, too long or no UTF-8
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  /// What is wrong with the list, with the number of the line; nothing was made.
  std::optional<std::string> problem{};
};

/// Reads a list, which may be a pipe, and puts the index in its place (writer.h). Takes some megabytes of
/// memory for hashes and a hundred for passwords, however long the list is; passwords need room on the disk
/// for as much as the index once more. Throws std::system_error.
Made make_index(const std::filesystem::path& list, ListKind kind, const std::filesystem::path& index);

}  // namespace latchkey::crypto::breached
