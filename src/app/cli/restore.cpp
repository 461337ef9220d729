#include "app/cli/restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <stdexcept>

#include "app/cli/context.h"
#include "app/data_directory.h"
#include "app/features.h"
#include "app/refusal.h"
#include "app/row_check.h"
#include "app/schema.h"
#include "app/until_free.h"
#include "base/test_point.h"
#include "db/backup.h"
#include "db/sqlite/driver.h"
#include "flow/events.h"
#include "move/mover.h"
#include "settings/master_secret.h"
#include "store/mail_codes.h"
#include "store/mails.h"
#include "store/sessions.h"
#include "store/signing_keys.h"
#include "store/state.h"

namespace latchkey::app::cli {
namespace {

namespace fs = std::filesystem;

fs::path copy_folder(const fs::path& data_dir) { return data_dir / "restore"; }
fs::path copy_file(const fs::path& data_dir) { return copy_folder(data_dir) / "latchkey.db"; }

/// What a file is instead of a backup of ours, by its first bytes; nothing when it may be one
/// (https://sqlite.org/fileformat2.html §1.3).
std::optional<std::string_view> find_stranger(const fs::path& file) {
  constexpr std::string_view sqlite("SQLite format 3\0", 16);
  constexpr std::string_view ours = "Lkey";  // the application id
  constexpr std::size_t ours_at = 68;
  constexpr std::size_t reserved_at = 20;
  std::array<char, 100> bytes{};
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return "it cannot be read";
  stream.read(bytes.data(), bytes.size());
  const std::string_view head(bytes.data(), static_cast<std::size_t>(stream.gcount()));
  if (head.empty()) return "it is empty";
  if (!head.starts_with(sqlite))
    return "it does not begin like an SQLite file, as one that is encrypted or compressed does not either";
  if (head.size() < bytes.size() || head.substr(ours_at, ours.size()) != ours)
    return "it is the database of another program, or its first page is damaged";
  if (head[reserved_at] != 0)
    return "its pages have room for what an extension of SQLite adds, such as encryption or checksums";
  return std::nullopt;
}

/// Whether the header says that a write-ahead log may hold newer pages (https://sqlite.org/fileformat2.html
/// §1.3.3), and none is there. A backup of ours is whole by itself, and its header says so.
bool lacks_its_log(const fs::path& backup) {
  constexpr std::streamoff write_version_at = 18;
  constexpr char uses_log = 2;
  std::array<char, 2> versions{};
  std::ifstream stream(backup, std::ios::binary);
  stream.seekg(write_version_at);
  stream.read(versions.data(), versions.size());
  if (std::ranges::find(versions, uses_log) == versions.end()) return false;
  std::error_code error;
  const auto size = fs::file_size(backup.string() + "-wal", error);
  return error || size == 0;
}

void check_backup(const fs::path& backup, const fs::path& data_dir) {
  std::error_code error;
  const auto status = fs::status(backup, error);
  if (!fs::exists(status)) {
    const bool link = fs::is_symlink(fs::symlink_status(backup, error));
    throw std::runtime_error(backup.string() + (link ? " is a link that leads nowhere" : " does not exist"));
  }
  if (!fs::is_regular_file(status)) {
    throw std::runtime_error(fmt::format("{} is {}, not a file", backup.string(),
                                         fs::is_directory(status) ? "a directory"
                                         : fs::is_fifo(status)    ? "a named pipe"
                                                                  : "a device or a socket"));
  }
  if (const auto why = find_stranger(backup))
    throw std::runtime_error(fmt::format("{} is not a backup of Latchkey: {}", backup.string(), *why));
  // The folder is emptied first.
  const auto folder = fs::weakly_canonical(copy_folder(data_dir));
  const auto wanted = fs::weakly_canonical(backup);
  if (std::ranges::mismatch(folder, wanted).in1 == folder.end()) {
    throw std::runtime_error("move " + backup.string() + " out of " + folder.string() +
                             " first: restore works in that folder");
  }
}

/// A copy is made beside the store before anything is judged.
void refuse_too_little_space(const fs::path& backup, const fs::path& data_dir) {
  std::error_code error;
  const auto log_size = fs::file_size(backup.string() + "-wal", error);
  const auto needed = fs::file_size(backup) + (error ? 0 : log_size);
  const auto space = fs::space(data_dir, error);
  if (error || space.available >= needed) return;
  throw std::runtime_error(fmt::format("{} takes {} MiB, and only {} MiB are free for {}: make room",
                                       backup.string(), needed >> 20, space.available >> 20,
                                       data_dir.string()));
}

constexpr flow::Event restored{.name = "restored"};

/// Removes everything that somebody could still hold a token or a link of.
void void_what_was_given_out(db::Tx& tx, std::optional<std::int64_t> current_epoch, Timestamp now) {
  tx.run(store::sessions::delete_all);
  tx.run(store::mail_codes::delete_all);
  for (const store::mails::Queue* queue : store::mails::queues) tx.run(queue->delete_all);
  tx.run(store::signing_keys::delete_all);
  const auto epoch = next_epoch(tx.run(store::state::find_epoch).value_or(0), current_epoch, now);
  if (tx.run(store::state::update_epoch, epoch).rows != 1)
    throw std::runtime_error("the backup has no epoch");
  flow::record(tx, flow::operator_origin(now), restored, flow::ok, "", "epoch " + std::to_string(epoch));
}

void prepare_copy(const fs::path& backup, const fs::path& data_dir, std::optional<std::int64_t> current_epoch,
                  Timestamp now, const std::stop_token& stop) {
  db::make_restore_directory(backup, copy_folder(data_dir), schema_scripts(), stop);
  {
    db::Database copy(db::sqlite::open_sqlite({.directory = copy_folder(data_dir)}));
    if (plan_schema(copy).from == 0)
      throw std::runtime_error(backup.string() + " is not a backup of Latchkey");
    migrate_schema(copy, now);
    if (const auto moved = move::explain_barred(copy))
      throw std::runtime_error(fmt::format("{} cannot be restored: {}", backup.string(), *moved));
    auto work = [&](db::Tx& tx) { void_what_was_given_out(tx, current_epoch, now); };
    copy.write_now(work);
  }
  test_point("restore.copied");
  // Closing copies the log back. What is still in a log would be lost by the swap, and the sessions be back.
  const fs::path log = copy_file(data_dir).string() + "-wal";
  std::error_code error;
  if (fs::exists(log) && fs::file_size(log, error) != 0) {
    throw std::runtime_error("the copy in " + copy_folder(data_dir).string() +
                             " could not be closed: is the disk full?");
  }
}

/// Opens the copy as a start would, and reads all of it, while the store in place is still in place. Rows
/// that no program of ours has written are told, and stay: they are refused one by one when somebody asks for
/// them.
void prove_copy(const fs::path& backup, const fs::path& data_dir, Console& console,
                const std::stop_token& stop) {
  db::Database copy(db::sqlite::open_sqlite({.directory = copy_folder(data_dir)}));
  const auto plan = plan_schema(copy);
  if (plan.from != plan.to || !copy.run_now(store::state::find_epoch).has_value())
    throw std::runtime_error("the copy of " + backup.string() + " does not open as a store");
  read_every_row(
      *db::make_side(copy, db::Dialect::sqlite), tables(),
      [&](const BadRow& row) {
        console.err(fmt::format("warning: {} has a row that no program of ours writes: {}\n", backup.string(),
                                describe(row)));
      },
      stop);
}

/// A server that started in between has removed the copy, and has the store: nothing of it may be touched.
void put_in_place(const db::DataLock& lock, const fs::path& data_dir) {
  if (!fs::exists(copy_file(data_dir)))
    throw std::runtime_error("the copy in " + copy_folder(data_dir).string() +
                             " is gone: nothing was changed");
  db::swap_in(lock, copy_folder(data_dir), data_dir);
  note_store_made(data_dir);
}

/// From here until the end nobody else may have the store, nor take the copy for one that was left.
db::DataLock take_data_directory(const fs::path& data_dir) {
  try {
    return db::DataLock(data_dir);
  } catch (const db::InUse& error) {
    throw StoreInUse(error.what());
  }
}

/// The epoch of the store in place; nothing when there is none that can be read, which may be why a backup is
/// brought back.
std::optional<std::int64_t> read_current_epoch(const fs::path& data_dir) {
  std::error_code error;
  const auto size = fs::file_size(data_dir / "latchkey.db", error);
  if (error || size == 0) return std::nullopt;  // opening an empty one would fill it
  try {
    db::Database database(db::sqlite::open_sqlite({.directory = data_dir}));
    refuse_over_moved(database);
    return database.run_now(store::state::find_epoch);
  } catch (const StartRefused&) {
    throw;
  } catch (const db::InUse& fault) {
    throw StoreInUse(fault.what());
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

void refuse_over_moved(db::Database& database) {
  std::optional<std::string> why;
  try {
    why = move::explain_barred(database);
  } catch (const db::Fault&) {
    // Of before there were marks, or damaged.
  }
  if (why.has_value()) throw StartRefused(std::move(*why));
}

void prepare_restore(const fs::path& backup, const fs::path& data_dir,
                     std::optional<std::int64_t> current_epoch, Timestamp now, Console& console,
                     std::stop_token stop) {
  check_backup(backup, data_dir);
  if (lacks_its_log(backup)) {
    console.err(
        fmt::format("warning: {0} was not written by `latchkey backup`: it is a copy of a store's file, and "
                    "the log that belongs "
                    "to it ({0}-wal) is not there. If a server was running when it was copied, the newest "
                    "accounts and changes "
                    "are missing\n",
                    backup.string()));
  }
  refuse_too_little_space(backup, data_dir);
  try {
    prepare_copy(backup, data_dir, current_epoch, now, stop);
    prove_copy(backup, data_dir, console, stop);
  } catch (const db::Corrupt& error) {
    discard_restore(data_dir);
    // Of the two, the operator knows the backup, not the copy.
    const std::string what = error.what();
    if (what.find(backup.string()) != std::string::npos) throw;
    const bool foreign = what.find("not a backup of Latchkey") != std::string::npos;
    throw std::runtime_error(
        fmt::format("{} {}: {}", backup.string(), foreign ? "is refused" : "is damaged", what));
  } catch (const db::Fault& error) {
    discard_restore(data_dir);
    throw std::runtime_error(fmt::format("{} is refused: {}", backup.string(), error.what()));
  } catch (...) {
    discard_restore(data_dir);
    throw;
  }
}

bool discard_restore(const fs::path& data_dir) {
  std::error_code error;
  const auto removed = fs::remove_all(copy_folder(data_dir), error);
  return !error && removed > 0;
}

void finish_restore(const fs::path& data_dir) {
  // Another command may have the store for a moment.
  const auto lock = until_free<db::InUse>(std::chrono::seconds(10), [&] { return db::DataLock(data_dir); });
  put_in_place(lock, data_dir);
}

int restore_here(const Restore& command, const settings::Loaded& loaded, Timestamp now, Console& console) {
  const fs::path& data_dir = loaded.settings.data_dir;
  check_backup(command.file, data_dir);
  make_data_directory(data_dir);
  // On a new machine the secret is made as the first start would make it; with a store in place it must be
  // there.
  const auto master = settings::load_master_secret(loaded.settings);
  if (master.has_error()) throw StartRefused(master.error().sentences);
  const auto epoch = read_current_epoch(data_dir);
  const db::DataLock lock = take_data_directory(data_dir);
  prepare_restore(command.file, data_dir, epoch, now, console);
  put_in_place(lock, data_dir);
  console.out(describe_restored(command.file, data_dir));
  return exit_done;
}

std::string describe_restored(const fs::path& backup, const fs::path& data_dir) {
  std::string text =
      fmt::format("{} is restored; every earlier session, link and token is void\n", backup.string());
  if (const auto before = db::newest_replaced(data_dir)) {
    text += fmt::format("the previous store stays as {}: remove it when you no longer need it\n",
                        before->string());
  }
  return text;
}

}  // namespace latchkey::app::cli
