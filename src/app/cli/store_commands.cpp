#include "app/cli/store_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>

#include "app/cli/compact.h"
#include "app/cli/doctor.h"
#include "app/cli/key_commands.h"
#include "app/cli/mail_commands.h"
#include "app/cli/move.h"
#include "app/cli/restore.h"
#include "app/cli/show_mail.h"
#include "app/cli/user_commands.h"
#include "app/core.h"
#include "app/data_directory.h"
#include "app/schema.h"
#include "db/backup.h"
#include "settings/master_secret.h"

namespace latchkey::app::cli {
namespace {

template <class T>
concept HasFile = requires(T command) {
  command.file;
};

/// A command on accounts, keys or mail.
template <class T>
concept NeedsServices = requires(const T& command, Context& context) {
  { execute(command, context) } -> std::same_as<int>;
};

int say_migrated(const db::Migrated& migrated, Console& console) {
  if (migrated.from == migrated.to) {
    console.out(fmt::format("the store is up to date at schema version {}\n", migrated.to));
  } else {
    console.out(
        fmt::format("the store was migrated from schema version {} to {}\n", migrated.from, migrated.to));
  }
  return exit_done;
}

int migrate_here(const settings::Loaded& loaded, Clock& clock, Console& console) {
  make_data_directory(loaded.settings.data_dir);
  if (loaded.settings.is_embedded()) refuse_lost_store(loaded.settings.data_dir);
  // A store without the secret that belongs to it would look like one that has lost it.
  const auto master = settings::load_master_secret(loaded.settings);
  if (master.has_error()) throw StartRefused(master.error().sentences);
  const auto database = open_database(loaded.settings, clock, Migration::plan, Purpose::command);
  const auto migrated = migrate_schema(*database, clock.now());
  if (loaded.settings.is_embedded()) note_store_made(loaded.settings.data_dir);
  return say_migrated(migrated, console);
}

void refuse_missing_store(const Settings& settings) {
  if (!settings.is_embedded()) return;
  refuse_lost_store(settings.data_dir);
  if (has_store(settings.data_dir)) return;
  throw StartRefused(fmt::format(
      "there is no store in {}: `latchkey serve` or `latchkey migrate` creates one; is data_dir right?",
      settings.data_dir.string()));
}

int misplaced(std::string_view name, Console& console) {
  console.complain(fmt::format("{} is not a command for a running server", name));
  return exit_misused;
}

}  // namespace

void refuse_on_shared_store(const Command& command, const Settings& settings) {
  if (settings.is_embedded()) return;
  if (std::holds_alternative<Backup>(command)) {
    throw StartRefused(
        "backup is for the embedded store: back up PostgreSQL with pg_dump or pg_basebackup, and keep the "
        "master secret, too");
  }
  if (std::holds_alternative<Compact>(command)) {
    throw StartRefused(
        "compact is for the embedded store: PostgreSQL uses free space again by itself, and VACUUM FULL "
        "gives it "
        "back");
  }
  if (std::holds_alternative<Restore>(command)) {
    throw StartRefused(
        "restore is for the embedded store: restore PostgreSQL with pg_restore, or from a base backup, while "
        "no node runs");
  }
}

void make_absolute(Command& command, const std::filesystem::path& directory) {
  const auto apply = [&](auto& any) {
    if constexpr (HasFile<decltype(any)>) any.file = directory / any.file;
  };
  std::visit(apply, command);
}

int write_backup(const Backup& command, db::Database& database, Console& console, std::stop_token stop) {
  try {
    db::backup(database, command.file, std::move(stop));
  } catch (const std::filesystem::filesystem_error& error) {
    // In the server it is not the user who gave the command that writes.
    throw std::runtime_error(fmt::format("{}: {} (it would be written by user {})", command.file.string(),
                                         error.code().message(), ::geteuid()));
  }
  console.out(fmt::format("backup written to {}\n", command.file.string()));
  return exit_done;
}

int execute(const Command& command, Context& context, const settings::Loaded& loaded) {
  refuse_on_shared_store(command, loaded.settings);
  const auto run = [&]<class T>(const T& any) -> int {
    if constexpr (NeedsServices<T>) {
      return execute(any, context);
    } else if constexpr (std::is_same_v<T, Backup>) {
      return write_backup(any, context.services.database, context.console, context.stop);
    } else if constexpr (std::is_same_v<T, Compact>) {
      throw StartRefused("compact needs the store for itself: stop the server first");
    } else if constexpr (std::is_same_v<T, Move>) {
      return move_running(context, loaded);
    } else if constexpr (std::is_same_v<T, Migrate>) {
      return say_migrated(plan_schema(context.services.database), context.console);
    } else if constexpr (std::is_same_v<T, Doctor>) {
      return examine_running(any, context, loaded);
    } else {
      return misplaced(T::name, context.console);
    }
  };
  return std::visit(run, command);
}

int execute_here(const Command& command, const settings::Loaded& loaded, Secret input, Console& console) {
  Clock clock;
  const Settings& settings = loaded.settings;
  if (const auto* doctor = std::get_if<Doctor>(&command))
    return examine_here(*doctor, loaded, clock.now(), console);
  refuse_no_directory(settings.data_dir);
  refuse_foreign_owner(settings.data_dir);
  refuse_on_shared_store(command, settings);
  if (const auto* restore = std::get_if<Restore>(&command))
    return restore_here(*restore, loaded, clock.now(), console);
  if (std::holds_alternative<Migrate>(command)) return migrate_here(loaded, clock, console);
  if (std::holds_alternative<Compact>(command)) {
    refuse_missing_store(settings);
    return compact_here(settings, console);
  }
  // The first administrator may be made before the first start.
  if (!std::holds_alternative<UserAdd>(command)) refuse_missing_store(settings);
  if (const auto* backup = std::get_if<Backup>(&command)) {
    const auto database = open_database(settings, clock, Migration::plan, Purpose::command);
    return write_backup(*backup, *database, console);
  }
  Core core(settings, clock, Purpose::command);
  Context context{.services = core.services(),
                  .origin = flow::operator_origin(clock.now()),
                  .input = std::move(input),
                  .console = console};
  return execute(command, context, loaded);
}

int guarded(Console& console, const std::function<int()>& run) {
  try {
    return run();
  } catch (const ConsoleGone&) {
    throw;
  } catch (const StoreInUse&) {
    throw;
  } catch (const StartRefused& refusal) {
    for (const auto& sentence : refusal.sentences()) console.complain(sentence);
  } catch (const std::exception& error) {
    console.complain(error.what());
  }
  return exit_refused;
}

}  // namespace latchkey::app::cli
