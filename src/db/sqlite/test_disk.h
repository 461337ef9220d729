#pragma once

#ifdef LATCHKEY_TEST_HOOKS

#include <filesystem>

namespace latchkey::db::sqlite {

/// Builds for tests only. Where the environment variable LATCHKEY_TEST_DISK names a file, puts a disk between
/// SQLite and the file system that fails, delays, kills the process or loses power as the lines of that file
/// say (tests/fault/README.md). Call it once, after SQLite has been initialised and before a file is opened.
/// Throws std::runtime_error for a line that means nothing.
void install_test_disk();

/// For who syncs a file or directory by its name, before it does. False: the sync fails. True without a disk.
bool test_disk_syncs(const std::filesystem::path& path);

}  // namespace latchkey::db::sqlite

#endif
