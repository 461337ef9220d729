#include "store/db/faulty_disk.h"

#include <sqlite3.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <thread>

namespace latchkey::db::test {
namespace {

FaultyDisk* disk = nullptr;
sqlite3_vfs* real = nullptr;
sqlite3_vfs layer;

/// What SQLite allocates for one file: ours, then the real one.
struct LayeredFile {
  sqlite3_file base;
  sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
LayeredFile& of(sqlite3_file* file) { return *reinterpret_cast<LayeredFile*>(file); }
const sqlite3_io_methods& methods(sqlite3_file* file) { return *of(file).inner()->pMethods; }

void maybe_die() {
  if (disk->kill_after.load() > 0 && disk->kill_after.fetch_sub(1) == 1) {
    ::kill(::getpid(), SIGKILL);
    ::pause();
  }
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  maybe_die();
  if (const int code = disk->fail_write.load()) return code;
  ++disk->writes;
  return methods(file).xWrite(of(file).inner(), data, size, at);
}
int sync(sqlite3_file* file, int flags) {
  maybe_die();
  std::this_thread::sleep_for(std::chrono::milliseconds(disk->slow_sync_ms.load()));
  if (const int code = disk->fail_sync.load()) return code;
  ++disk->syncs;
  return methods(file).xSync(of(file).inner(), flags);
}

// The rest hands on.
int close(sqlite3_file* f) { return methods(f).xClose(of(f).inner()); }
int read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  return methods(f).xRead(of(f).inner(), to, n, at);
}
int truncate(sqlite3_file* f, sqlite3_int64 size) { return methods(f).xTruncate(of(f).inner(), size); }
int file_size(sqlite3_file* f, sqlite3_int64* size) { return methods(f).xFileSize(of(f).inner(), size); }
int lock(sqlite3_file* f, int kind) { return methods(f).xLock(of(f).inner(), kind); }
int unlock(sqlite3_file* f, int kind) { return methods(f).xUnlock(of(f).inner(), kind); }
int check_lock(sqlite3_file* f, int* held) { return methods(f).xCheckReservedLock(of(f).inner(), held); }
int control(sqlite3_file* f, int what, void* arg) {
  return methods(f).xFileControl(of(f).inner(), what, arg);
}
int sector_size(sqlite3_file* f) { return methods(f).xSectorSize(of(f).inner()); }
int characteristics(sqlite3_file* f) { return methods(f).xDeviceCharacteristics(of(f).inner()); }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** at) {
  return methods(f).xShmMap(of(f).inner(), page, size, extend, at);
}
int shm_lock(sqlite3_file* f, int at, int n, int flags) {
  return methods(f).xShmLock(of(f).inner(), at, n, flags);
}
void shm_barrier(sqlite3_file* f) { methods(f).xShmBarrier(of(f).inner()); }
int shm_unmap(sqlite3_file* f, int remove) { return methods(f).xShmUnmap(of(f).inner(), remove); }
int fetch(sqlite3_file* f, sqlite3_int64 at, int n, void** to) {
  return methods(f).xFetch(of(f).inner(), at, n, to);
}
int unfetch(sqlite3_file* f, sqlite3_int64 at, void* from) {
  return methods(f).xUnfetch(of(f).inner(), at, from);
}

const sqlite3_io_methods layered{
    3,         close,      read,    write,       truncate,        sync,    file_size, lock,
    unlock,    check_lock, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
    shm_unmap, fetch,      unfetch};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  const int code = real->xOpen(real, name, of(file).inner(), flags, out_flags);
  if (code == SQLITE_OK) file->pMethods = &layered;
  return code;
}

}  // namespace

FaultyDisk::FaultyDisk() {
  sqlite3_initialize();
  disk = this;
  real = sqlite3_vfs_find(nullptr);
  layer = *real;
  layer.zName = "faulty";
  layer.szOsFile = static_cast<int>(sizeof(LayeredFile)) + real->szOsFile;
  layer.xOpen = open;
  sqlite3_vfs_register(&layer, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&layer);
  sqlite3_vfs_register(real, 1);
  disk = nullptr;
}

}  // namespace latchkey::db::test
