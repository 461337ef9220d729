#include "app/cli/compact.h"

#include <fmt/format.h>

#include "app/cli/command.h"
#include "app/refusal.h"
#include "db/data_lock.h"
#include "db/error.h"
#include "db/sqlite/compact.h"

namespace latchkey::app::cli {
namespace {

db::DataLock take_store(const Settings& settings) {
  try {
    return db::DataLock(settings.data_dir);
  } catch (const db::InUse& error) {
    throw StoreInUse(error.what());
  }
}

double mebibytes(std::uintmax_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

int compact_here(const Settings& settings, Console& console) {
  const db::DataLock lock = take_store(settings);
  const auto compacted = db::sqlite::compact(lock, settings.data_dir);
  console.out(fmt::format("the store is compact: {:.1f} MiB before, {:.1f} MiB now\n",
                          mebibytes(compacted.bytes_before), mebibytes(compacted.bytes_after)));
  return exit_done;
}

}  // namespace latchkey::app::cli
