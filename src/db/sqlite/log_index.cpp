#include "db/sqlite/log_index.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>

#include "db/sqlite/handle.h"

namespace latchkey::db::sqlite {
namespace {

/// Only who holds it may change how much has been copied.
constexpr int lock_of_copying = 1;
constexpr int exclusive = SQLITE_SHM_EXCLUSIVE;
constexpr std::size_t copied_at = 96;
constexpr int first_piece = 32 * 1024;
constexpr const char* doing = "while looking at the index of the log";

}  // namespace

void forget_what_was_copied(const std::filesystem::path& path) {
  const SqliteHandle db = open_without_reading(path, SqliteAccess::write);
  sqlite3_file* file = nullptr;
  check_sqlite(db.get(), sqlite3_file_control(db.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file), doing);
  if (file == nullptr || file->pMethods == nullptr || file->pMethods->iVersion < 2) return;
  const sqlite3_io_methods& methods = *file->pMethods;
  void volatile* index = nullptr;
  check_sqlite(db.get(), methods.xShmMap(file, 0, first_piece, 0, &index), doing);
  const struct Unmap {  // SQLite does it only where it has begun to read
    sqlite3_file* file;
    ~Unmap() { file->pMethods->xShmUnmap(file, 0); }
  } unmap{file};
  if (index == nullptr) return;
  check_sqlite(db.get(), methods.xShmLock(file, lock_of_copying, 1, SQLITE_SHM_LOCK | exclusive), doing);
  auto* const copied =
      reinterpret_cast<std::uint32_t volatile*>(static_cast<char volatile*>(index) + copied_at);
  __atomic_store_n(copied, 0, __ATOMIC_RELEASE);
  methods.xShmLock(file, lock_of_copying, 1, SQLITE_SHM_UNLOCK | exclusive);
}

}  // namespace latchkey::db::sqlite
