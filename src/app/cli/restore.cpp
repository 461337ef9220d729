#include "app/cli/restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <thread>

#include "app/cli/context.h"
#include "app/cli/data_directory.h"
#include "app/cli/schema.h"
#include "app/core.h"
#include "db/backup.h"
#include "db/sqlite.h"
#include "settings/master_secret.h"
#include "store/audit.h"
#include "store/outbox.h"
#include "store/sessions.h"
#include "store/signing_keys.h"
#include "store/state.h"

namespace latchkey::app::cli {
namespace {

namespace fs = std::filesystem;

fs::path copy_folder(const fs::path& data_dir) { return data_dir / "restore"; }
fs::path copy_file(const fs::path& data_dir) { return copy_folder(data_dir) / "latchkey.db"; }

void check_backup(const fs::path& backup, const fs::path& data_dir) {
  std::error_code error;
  const auto status = fs::status(backup, error);
  if (!fs::exists(status)) throw std::runtime_error(backup.string() + " does not exist");
  if (!fs::is_regular_file(status)) throw std::runtime_error(backup.string() + " is not a file");
  // The folder is emptied first.
  const auto folder = fs::weakly_canonical(copy_folder(data_dir));
  const auto wanted = fs::weakly_canonical(backup);
  if (std::ranges::mismatch(folder, wanted).in1 == folder.end()) {
    throw std::runtime_error("move " + backup.string() + " out of " + folder.string() +
                             " first: restoring works there");
  }
}

/// Removes everything that somebody could still hold a token or a link of.
void void_what_was_given_out(db::Tx& tx, std::optional<std::int64_t> current_epoch, Timestamp now) {
  tx.run(store::sessions::delete_all);
  tx.run(store::outbox::delete_all);
  tx.run(store::signing_keys::delete_all);
  const auto epoch = next_epoch(tx.run(store::state::find_epoch).value_or(0), current_epoch, now);
  if (tx.run(store::state::update_epoch, epoch).rows != 1)
    throw std::runtime_error("the backup has no epoch");
  store::audit::insert_entry(
      tx, flow::audit_entry(operator_origin(now), "restored", "ok", "", "epoch " + std::to_string(epoch)));
}

void prepare_copy(const fs::path& backup, const fs::path& data_dir, std::optional<std::int64_t> current_epoch,
                  Timestamp now, const std::stop_token& stop) {
  db::make_restore_directory(backup, copy_folder(data_dir), stop);
  {
    db::Database copy(db::open_sqlite({.directory = copy_folder(data_dir)}));
    if (plan_schema(copy).from == 0) throw std::runtime_error(backup.string() + " is no backup of latchkey");
    migrate_schema(copy, now);
    auto work = [&](db::Tx& tx) { void_what_was_given_out(tx, current_epoch, now); };
    copy.write_now(work);
  }
  // Closing copies the log back. What is still in a log would be lost by the swap, and the sessions be back.
  const fs::path log = copy_file(data_dir).string() + "-wal";
  std::error_code error;
  if (fs::exists(log) && fs::file_size(log, error) != 0) {
    throw std::runtime_error("the copy in " + copy_folder(data_dir).string() +
                             " could not be closed: is the disk full?");
  }
}

/// Another command may have the store for a moment.
db::DataLock wait_for_lock(const fs::path& data_dir) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    try {
      return db::DataLock(data_dir);
    } catch (const db::InUse&) {
      if (std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// The epoch of the store in place; nothing when there is none that can be read, which may be why a backup is
/// brought back.
std::optional<std::int64_t> read_current_epoch(const fs::path& data_dir) {
  if (!has_store(data_dir)) return std::nullopt;
  try {
    db::Database database(db::open_sqlite({.directory = data_dir}));
    return database.run_now(store::state::find_epoch);
  } catch (const db::InUse& error) {
    throw StoreInUse(std::vector<std::string>{error.what()});
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::int64_t next_epoch(std::int64_t of_backup, std::optional<std::int64_t> current, Timestamp now) {
  if (std::max(of_backup, current.value_or(0)) == std::numeric_limits<std::int64_t>::max()) {
    throw std::runtime_error("the backup is damaged: no epoch can follow its own");
  }
  if (current.has_value()) return std::max(of_backup, *current) + 1;
  return std::max(of_backup + 1, to_numeric_date(now));
}

void prepare_restore(const fs::path& backup, const fs::path& data_dir,
                     std::optional<std::int64_t> current_epoch, Timestamp now, std::stop_token stop) {
  check_backup(backup, data_dir);
  try {
    prepare_copy(backup, data_dir, current_epoch, now, stop);
  } catch (...) {
    discard_restore(data_dir);
    throw;
  }
}

void discard_restore(const fs::path& data_dir) {
  std::error_code ignored;
  fs::remove_all(copy_folder(data_dir), ignored);
}

void finish_restore(const fs::path& data_dir) {
  const db::DataLock lock = wait_for_lock(data_dir);
  db::swap_in(lock, copy_folder(data_dir), data_dir);
}

int restore_here(const Restore& command, const settings::Loaded& loaded, Timestamp now, Console& console) {
  const fs::path& data_dir = loaded.settings.data_dir;
  check_backup(command.file, data_dir);
  make_data_directory(data_dir);
  // On a new machine the secret is made as the first start would make it; with a store in place it must be
  // there.
  const auto master = settings::load_master_secret(loaded.settings);
  if (master.has_error()) throw StartRefused(master.error().sentences);
  prepare_restore(command.file, data_dir, read_current_epoch(data_dir), now);
  finish_restore(data_dir);
  console.out(describe_restored(command.file, data_dir));
  return exit_done;
}

std::string describe_restored(const fs::path& backup, const fs::path& data_dir) {
  std::string text =
      fmt::format("{} is restored; every session, link and token of before is void\n", backup.string());
  const fs::path before = data_dir / "latchkey.db.replaced";
  if (fs::exists(before)) {
    text += fmt::format("the store before stays as {}: remove it when you are content\n", before.string());
  }
  return text;
}

}  // namespace latchkey::app::cli
