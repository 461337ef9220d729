#include "app/cli/doctor.h"

#include <filesystem>
#include <memory>
#include <optional>

#include "app/cli/diagnosis.h"
#include "app/cli/doctor_files.h"
#include "app/core.h"
#include "app/data_directory.h"
#include "app/features.h"
#include "app/row_check.h"
#include "app/schema.h"
#include "db/backup.h"
#include "db/side.h"
#include "flow/accounts/first_start.h"
#include "flow/keys/rotation.h"
#include "settings/master_secret.h"
#include "store/mails.h"
#include "store/signing_keys.h"
#include "store/users.h"

namespace latchkey::app::cli {
namespace {

namespace fs = std::filesystem;

/// Up to this size every page is read without being asked to: some seconds.
constexpr std::uintmax_t small_store = 256U << 20;
constexpr std::int64_t outbox_page = 500;

void check_clock(Diagnosis& diagnosis, db::Database& database, Timestamp now) {
  if (now < earliest_clock)
    return diagnosis.fail("clock: it says {}: set it, or every token will be wrong", format_rfc3339(now));
  for (const auto& key : database.run_now(store::signing_keys::list_keys)) {
    if (key.created_at <= now + std::chrono::minutes(1)) continue;
    return diagnosis.fail("clock: it says {}, but a signing key was made at {}: set the clock",
                          format_rfc3339(now), format_rfc3339(key.created_at));
  }
  diagnosis.ok("clock: {}", format_rfc3339(now));
}

void check_schema(Diagnosis& diagnosis, db::Database& database) {
  const auto plan = plan_schema(database);
  if (plan.from < plan.to) {
    diagnosis.warn("schema: version {}; this program will migrate it to version {} at its next start",
                   plan.from, plan.to);
  } else {
    diagnosis.ok("schema: version {}", plan.from);
  }
  if (const auto trouble = database.trouble()) diagnosis.fail("store: writing fails: {}", *trouble);
}

void check_integrity(Diagnosis& diagnosis, const Doctor& command, const Settings& settings,
                     db::Database& database, const std::stop_token& stop) {
  if (!settings.is_embedded()) {
    return diagnosis.ok("integrity: left to PostgreSQL (data checksums, pg_amcheck)");
  }
  const auto size = fs::file_size(settings.data_dir / "latchkey.db");
  if (!command.full && size > small_store) {
    return diagnosis.ok(
        "integrity: not checked, because reading {} MiB takes long: `latchkey doctor --full` checks it",
        size >> 20);
  }
  const auto problems = db::check_integrity(database, stop);
  for (const auto& problem : problems) diagnosis.fail("integrity: {}: restore a backup", problem);
  if (problems.empty()) diagnosis.ok("integrity: every page is sound");
}

/// Every row of a small store; of a large one, and of PostgreSQL, when the operator asks.
void check_rows(Diagnosis& diagnosis, const Doctor& command, const Settings& settings, db::Database& database,
                const std::stop_token& stop) {
  constexpr std::size_t most_told = 100;
  const bool small =
      settings.is_embedded() && fs::file_size(settings.data_dir / "latchkey.db") <= small_store;
  if (!command.full && !small)
    return diagnosis.ok("rows: not read, which takes long: `latchkey doctor --full` reads them");
  const auto dialect = settings.is_embedded() ? db::Dialect::sqlite : db::Dialect::postgres;
  std::size_t bad = 0;
  const auto count = read_every_row(
      *db::make_side(database, dialect), tables(),
      [&](const BadRow& row) {
        if (++bad <= most_told) diagnosis.fail("rows: {}", describe(row));
      },
      stop);
  if (bad > most_told) diagnosis.fail("rows: {} more like these", bad - most_told);
  if (bad == 0) diagnosis.ok("rows: {} read, each as we write it", count);
}

void check_keys(Diagnosis& diagnosis, const flow::keys::KeySnapshot& snapshot, db::Database& database,
                const Settings& settings, Timestamp now) {
  const auto stored = database.run_now(store::signing_keys::list_keys);
  if (stored.empty()) return diagnosis.ok("keys: none yet, the next start makes one");
  const auto& signer = snapshot.signer(now);
  const auto end = stored.back().activates_at + settings.tokens.signing_key_ttl;
  // Housekeeping looks once a minute.
  if (end + std::chrono::hours(1) < now) {
    diagnosis.warn("keys: {} should have been replaced at {}: `latchkey keys rotate` does it now", signer.kid,
                   format_rfc3339(end));
  } else {
    diagnosis.ok("keys: {} signs; the newest of {} is valid until {}", signer.kid, stored.size(),
                 format_rfc3339(end));
  }
  const auto behind = snapshot.sealed_under_previous().size();
  if (behind > 0) {
    diagnosis.warn("keys: {} sealed under master_secret_previous: run `latchkey keys rekey`", behind);
  } else if (!settings.master_secret_previous.empty()) {
    diagnosis.warn(
        "keys: none needs master_secret_previous any more: remove it once the refresh tokens that were made "
        "with it have expired");
  }
}

void check_outbox(Diagnosis& diagnosis, db::Database& database) {
  std::size_t waiting = 0;
  std::size_t put_aside = 0;
  for (const store::mails::Queue* queue : store::mails::queues) {
    LinkId after{};
    for (;;) {
      const auto mails = database.run_now(queue->list_all, after, outbox_page);
      if (mails.empty()) break;
      for (const auto& mail : mails) ++(mail.put_aside ? put_aside : waiting);
      after = mails.back().id;
    }
  }
  if (put_aside > 0) {
    diagnosis.warn(
        "outbox: {} put aside after the last try: `latchkey mail list` says why, `latchkey mail retry` sends "
        "again",
        put_aside);
  }
  diagnosis.ok("outbox: {} waiting", waiting);
}

void check_administrator(Diagnosis& diagnosis, db::Database& database) {
  const auto count = database.run_now(store::users::count_other_administrators, UserId{0}).value_or(0);
  if (count == 0) {
    diagnosis.warn(
        "administrator: none that can sign in: `latchkey user add --role admin --confirmed …` creates one");
  } else {
    diagnosis.ok("administrator: {} can sign in", count);
  }
}

void check_store(Diagnosis& diagnosis, const Doctor& command, const Settings& settings,
                 db::Database& database, Timestamp now, const std::stop_token& stop = {}) {
  diagnosis.run("schema", [&] { check_schema(diagnosis, database); });
  diagnosis.run("integrity", [&] { check_integrity(diagnosis, command, settings, database, stop); });
  diagnosis.run("rows", [&] { check_rows(diagnosis, command, settings, database, stop); });
  diagnosis.run("outbox", [&] { check_outbox(diagnosis, database); });
  diagnosis.run("administrator", [&] { check_administrator(diagnosis, database); });
  diagnosis.run("clock", [&] { check_clock(diagnosis, database, now); });
}

void check_without_store(Diagnosis& diagnosis, const settings::Loaded& loaded) {
  diagnosis.run("settings", [&] { check_settings(diagnosis, loaded); });
  diagnosis.run("leaked passwords", [&] { check_breached_file(diagnosis, loaded.settings); });
  diagnosis.run("mail", [&] { check_mail_settings(diagnosis, loaded.settings); });
  diagnosis.run("files", [&] { check_data_directory(diagnosis, loaded.settings); });
}

/// Nothing when it can not be had. There is a store, so that none is made.
std::optional<settings::MasterSecret> check_master_secret(Diagnosis& diagnosis, const Settings& settings) {
  auto master = settings::load_master_secret(settings);
  if (master.has_error()) {
    for (const auto& sentence : master.error().sentences) diagnosis.fail("master secret: {}", sentence);
    return std::nullopt;
  }
  diagnosis.ok("master secret: present and private");
  return std::move(*master);
}

/// The keys of a store that this process opened.
void check_secret_and_keys(Diagnosis& diagnosis, const Settings& settings, db::Database& database,
                           Timestamp now) {
  auto master = check_master_secret(diagnosis, settings);
  if (!master.has_value()) return;
  std::vector<Secret> previous;
  if (master->previous.has_value()) previous.push_back(std::move(*master->previous));
  flow::keys::Keys keys(database, std::move(master->current), std::move(previous));
  keys.reload();
  check_keys(diagnosis, *keys.current(), database, settings, now);
}

}  // namespace

int examine_running(const Doctor& command, Context& context, const settings::Loaded& loaded) {
  Diagnosis diagnosis(context.console);
  auto& services = context.services;
  diagnosis.ok("server: running, and it answers for this data directory");
  check_without_store(diagnosis, loaded);
  diagnosis.run("master secret", [&] { check_master_secret(diagnosis, services.settings); });
  diagnosis.run("keys", [&] {
    check_keys(diagnosis, *services.keys.current(), services.database, services.settings, context.origin.now);
  });
  check_store(diagnosis, command, services.settings, services.database, context.origin.now, context.stop);
  return diagnosis.failed() ? exit_refused : exit_done;
}

int examine_here(const Doctor& command, const settings::Loaded& loaded, Timestamp now, Console& console) {
  const Settings& settings = loaded.settings;
  std::unique_ptr<db::Database> database;
  std::string trouble;
  Clock clock;
  refuse_no_directory(settings.data_dir);
  try {
    if (settings.is_embedded()) refuse_lost_store(settings.data_dir);
    if (!settings.is_embedded() || has_store(settings.data_dir)) {
      refuse_foreign_owner(settings.data_dir);
      database = open_database(settings, clock, Migration::plan, Purpose::command);
    }
  } catch (const StoreInUse&) {
    throw;
  } catch (const StartRefused& refusal) {
    trouble = refusal.what();
  }
  Diagnosis diagnosis(console);
  diagnosis.ok("server: none is running for this data directory");
  check_without_store(diagnosis, loaded);
  if (!trouble.empty()) {
    diagnosis.fail("store: {}", trouble);
  } else if (database == nullptr) {
    diagnosis.warn("store: none yet: `latchkey serve` or `latchkey migrate` creates it");
  } else {
    diagnosis.run("keys", [&] { check_secret_and_keys(diagnosis, settings, *database, now); });
    check_store(diagnosis, command, settings, *database, now);
  }
  return diagnosis.failed() ? exit_refused : exit_done;
}

}  // namespace latchkey::app::cli
