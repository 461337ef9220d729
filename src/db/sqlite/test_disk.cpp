#include "db/sqlite/test_disk.h"

#ifdef LATCHKEY_TEST_HOOKS

#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "db/sqlite/test_disk_rules.h"
#include "db/sqlite/test_disk_unsynced.h"

namespace latchkey::db::sqlite::test_disk {
namespace {

/// All of it is under one mutex: a power cut finds no write under way.
struct Disk {
  std::mutex mutex;
  Rules rules;
  std::map<std::string, Unsynced> files;
  /// Files that have been made while no sync of their directory has followed.
  std::set<std::string> nameless;
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs layer{};

  explicit Disk(const char* control) : rules(control) {}
};
Disk* disk = nullptr;

/// What SQLite allocates for one file: ours, then the real one.
struct Layered {
  sqlite3_file base;
  const char* path;  ///< SQLite keeps it as long as the file is open
  Target target;
  bool is_new;
  sqlite3_file& inner() { return *reinterpret_cast<sqlite3_file*>(this + 1); }
};
Layered& of(sqlite3_file* file) { return *reinterpret_cast<Layered*>(file); }
sqlite3_file* in(sqlite3_file* file) { return &of(file).inner(); }
const sqlite3_io_methods& methods(sqlite3_file* file) { return *in(file)->pMethods; }
Unsynced* unsynced(sqlite3_file* file) {
  return of(file).target == Target::other ? nullptr : &disk->files[of(file).path];
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// What a power cut leaves.
void cut(const Fault& fault) {
  const auto lost = [&] { return disk->rules.dice(fault.lose); };
  for (auto& [path, unsynced] : disk->files) unsynced.cut(path, lost);
  for (const std::string& path : disk->nameless) {
    if (lost()) ::unlink(path.c_str());
  }
}

/// Under the mutex, which is let go while the disk is slow. What it gives is left to be done by the caller.
Kind befall(Target target, Operation operation, std::unique_lock<std::mutex>& lock, double* lose = nullptr) {
  const Fault fault = disk->rules.next(operation, target);
  switch (fault.kind) {
    case Kind::delay:
      lock.unlock();
      std::this_thread::sleep_for(std::chrono::milliseconds(fault.ms));
      lock.lock();
      return Kind::none;
    case Kind::cut:
      cut(fault);
      die();
    case Kind::die:
      die();
    default:
      if (lose != nullptr) *lose = fault.lose;
      return fault.kind;
  }
}

int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  {
    std::unique_lock lock(disk->mutex);
    // What SQLite's own layer makes of EIO.
    if (befall(of(file).target, Operation::read, lock) != Kind::none) return SQLITE_IOERR_CORRUPTFS;
  }
  return methods(file).xRead(in(file), to, size, at);
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  std::unique_lock lock(disk->mutex);
  const Kind kind = befall(of(file).target, Operation::write, lock);
  if (kind == Kind::full) return SQLITE_FULL;
  if (kind != Kind::none) return SQLITE_IOERR_WRITE;
  if (Unsynced* kept = unsynced(file)) kept->remember(*in(file), at, at + size);
  return methods(file).xWrite(in(file), data, size, at);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  std::unique_lock lock(disk->mutex);
  if (befall(of(file).target, Operation::truncate, lock) != Kind::none) return SQLITE_IOERR_TRUNCATE;
  if (Unsynced* kept = unsynced(file)) {
    sqlite3_int64 now = 0;
    methods(file).xFileSize(in(file), &now);
    kept->remember(*in(file), size, now);
  }
  return methods(file).xTruncate(in(file), size);
}

/// SQLite's layer syncs the directory at the first sync of a file that it has made, and does not look whether
/// that worked.
void sync_name(sqlite3_file* file, std::unique_lock<std::mutex>& lock) {
  Layered& layer = of(file);
  if (!std::exchange(layer.is_new, false) || !disk->nameless.contains(layer.path)) return;
  if (befall(Target::folder, Operation::sync, lock) == Kind::none) disk->nameless.erase(layer.path);
}

/// The file system underneath need not sync: this disk knows by itself what it has promised to keep.
int sync(sqlite3_file* file, int) {
  std::unique_lock lock(disk->mutex);
  double lose = 1;
  if (befall(of(file).target, Operation::sync, lock, &lose) != Kind::none) {
    if (Unsynced* kept = unsynced(file)) kept->sync_failed(*in(file), [&] { return disk->rules.dice(lose); });
    return SQLITE_IOERR_FSYNC;
  }
  if (Unsynced* kept = unsynced(file)) kept->synced();
  sync_name(file, lock);
  return SQLITE_OK;
}

// The rest hands on.
int close(sqlite3_file* f) { return methods(f).xClose(in(f)); }
int file_size(sqlite3_file* f, sqlite3_int64* size) { return methods(f).xFileSize(in(f), size); }
int lock(sqlite3_file* f, int kind) { return methods(f).xLock(in(f), kind); }
int unlock(sqlite3_file* f, int kind) { return methods(f).xUnlock(in(f), kind); }
int check_lock(sqlite3_file* f, int* held) { return methods(f).xCheckReservedLock(in(f), held); }
int control(sqlite3_file* f, int what, void* arg) { return methods(f).xFileControl(in(f), what, arg); }
int sector_size(sqlite3_file* f) { return methods(f).xSectorSize(in(f)); }
int characteristics(sqlite3_file* f) { return methods(f).xDeviceCharacteristics(in(f)); }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** at) {
  return methods(f).xShmMap(in(f), page, size, extend, at);
}
int shm_lock(sqlite3_file* f, int at, int n, int flags) { return methods(f).xShmLock(in(f), at, n, flags); }
void shm_barrier(sqlite3_file* f) { methods(f).xShmBarrier(in(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return methods(f).xShmUnmap(in(f), remove); }
int fetch(sqlite3_file* f, sqlite3_int64 at, int n, void** to) { return methods(f).xFetch(in(f), at, n, to); }
int unfetch(sqlite3_file* f, sqlite3_int64 at, void* from) { return methods(f).xUnfetch(in(f), at, from); }

const sqlite3_io_methods layered{
    3,         close,      read,    write,       truncate,        sync,    file_size, lock,
    unlock,    check_lock, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
    shm_unmap, fetch,      unfetch};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  Layered& layer = of(file);
  layer.path = name;
  layer.target = Target::other;
  if (name != nullptr && (flags & SQLITE_OPEN_MAIN_DB) != 0) layer.target = Target::db;
  if (name != nullptr && (flags & SQLITE_OPEN_WAL) != 0) layer.target = Target::wal;
  std::unique_lock lock(disk->mutex);
  // As SQLite's layer does where nothing can be written.
  const bool writes = (flags & SQLITE_OPEN_READWRITE) != 0;
  if (writes && befall(layer.target, Operation::open, lock) != Kind::none)
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  layer.is_new = layer.target == Target::wal && ::access(name, F_OK) != 0;
  const int code = disk->real->xOpen(disk->real, name, in(file), flags, out_flags);
  if (code != SQLITE_OK) return code;
  if (layer.is_new) disk->nameless.insert(name);
  file->pMethods = &layered;
  return code;
}

int remove(sqlite3_vfs*, const char* name, int sync_directory) {
  const std::unique_lock lock(disk->mutex);
  disk->files.erase(name);
  disk->nameless.erase(name);
  return disk->real->xDelete(disk->real, name, sync_directory);
}

}  // namespace
}  // namespace latchkey::db::sqlite::test_disk

namespace latchkey::db::sqlite {

void install_test_disk() {
  using namespace test_disk;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read at start, before there are threads
  const char* control_file = std::getenv("LATCHKEY_TEST_DISK");
  if (control_file == nullptr || disk != nullptr) return;
  disk = new Disk(control_file);  // for as long as the process lives
  disk->rules.refresh();
  disk->real = sqlite3_vfs_find(nullptr);
  disk->layer = *disk->real;
  disk->layer.zName = "test-disk";
  disk->layer.szOsFile = static_cast<int>(sizeof(Layered)) + disk->real->szOsFile;
  disk->layer.xOpen = open;
  disk->layer.xDelete = remove;
  sqlite3_vfs_register(&disk->layer, 1);
}

bool test_disk_syncs(const std::filesystem::path& path) {
  using namespace test_disk;
  if (disk == nullptr) return true;
  const bool is_folder = std::filesystem::is_directory(path);
  std::unique_lock lock(disk->mutex);
  if (befall(is_folder ? Target::folder : Target::other, Operation::sync, lock) != Kind::none) return false;
  if (is_folder)
    std::erase_if(disk->nameless,
                  [&](const std::string& name) { return std::filesystem::path(name).parent_path() == path; });
  return true;
}

}  // namespace latchkey::db::sqlite

#endif
