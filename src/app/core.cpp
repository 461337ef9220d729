#include "app/core.h"

#include <sys/stat.h>
#include <unistd.h>

#include <system_error>
#include <thread>

#include "base/log.h"
#include "crypto/sha256.h"
#include "db/error.h"
#include "db/sqlite.h"
#include "flow/first_start.h"
#include "flow/key_rotation.h"
#include "settings/master_secret.h"
#include "store/migrations.h"

namespace latchkey::app {
namespace {

std::string join(const std::vector<std::string>& sentences) {
  std::string text;
  for (const auto& sentence : sentences) text += (text.empty() ? "" : "\n") + sentence;
  return text;
}

StartRefused refused(std::string sentence) {
  return StartRefused(std::vector<std::string>{std::move(sentence)});
}

/// What others could read or change is taken back, and what belongs to somebody else is refused (security
/// case K02).
void keep_private(const std::filesystem::path& path, mode_t mode) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;  // not there yet
  if (status.st_uid != ::geteuid()) {
    throw refused(path.string() + " belongs to another user (id " + std::to_string(status.st_uid) +
                  "): give it to the one that runs the server, for example with chown");
  }
  if ((status.st_mode & 077) == 0 || S_ISLNK(status.st_mode)) return;
  if (::chmod(path.c_str(), mode) != 0) {
    throw refused(path.string() +
                  " is open to others and can not be closed: " + std::system_category().message(errno));
  }
  log::warn("files.made_private", {{"path", path.string()}});
}

void make_data_dir(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw refused("data_dir " + folder.string() +
                  " can not be made: " + std::system_category().message(errno));
  }
  keep_private(folder, 0700);
  keep_private(folder / "mail", 0700);
  for (const char* name : {"latchkey.db", "latchkey.db-wal", "latchkey.db-shm"})
    keep_private(folder / name, 0600);
}

std::string checksum(std::string_view text) {
  const auto digest = crypto::sha256(text);
  return to_hex(digest.data(), digest.size());
}

/// Before the database: a data directory with a database and no secret is one whose secret was lost.
settings::MasterSecret load_master(const Settings& settings) {
  make_data_dir(settings.data_dir);
  auto master = settings::load_master_secret(settings);
  if (master.has_error()) throw StartRefused(master.error().sentences);
  return std::move(*master);
}

std::vector<Secret> previous_secrets(settings::MasterSecret& master) {
  std::vector<Secret> previous;
  if (master.previous.has_value()) previous.push_back(std::move(*master.previous));
  return previous;
}

crypto::HashingPool::Options hashing_options(const Settings& settings, Purpose purpose) {
  const auto& password = settings.password;
  const bool server = purpose == Purpose::server;
  return {.parameters = {.memory_kib = static_cast<std::uint32_t>(password.argon2_memory_kib),
                         .passes = static_cast<std::uint32_t>(password.argon2_passes)},
          .threads = server ? static_cast<std::size_t>(password.hash_threads) : 1,
          .queue_limit = static_cast<std::size_t>(password.hash_queue)};
}

/// A server waits for a command that is at work on the store. (Another server is not going to leave.) A
/// command asks the server that may have come instead.
std::unique_ptr<db::Database> open_when_free(const Settings& settings, const Clock& clock, Purpose purpose) {
  const auto patience = std::chrono::seconds(purpose == Purpose::server ? 3 : 0);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      return open_database(settings, clock, Migration::apply);
    } catch (const StoreInUse&) {
      if (std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// The clock of a machine without battery starts in 1970: tokens made then would be wrong for ever after.
void refuse_absurd_clock(Timestamp now) {
  constexpr auto earliest = std::chrono::sys_days{std::chrono::January / 1 / 2024};
  if (now < earliest) throw refused("the clock says " + format_rfc3339(now) + ": set it before starting");
}

}  // namespace

StartRefused::StartRefused(std::vector<std::string> sentences)
    : std::runtime_error(join(sentences)), sentences_(std::move(sentences)) {}

std::unique_ptr<db::Database> open_database(const Settings& settings, const Clock& clock,
                                            Migration migration) {
  if (!settings.is_embedded()) {
    throw refused("database_url: only the embedded store (SQLite in data_dir) is supported by this version");
  }
  try {
    make_data_dir(settings.data_dir);
    auto database = std::make_unique<db::Database>(db::open_sqlite({.directory = settings.data_dir}));
    if (migration == Migration::apply) {
      const auto done = db::migrate(*database, store::migration_files, checksum, clock.now());
      if (done.from != done.to) log::info("store.migrated", {{"from", done.from}, {"to", done.to}});
    } else {
      db::plan_migration(*database, store::migration_files, checksum);
    }
    return database;
  } catch (const db::InUse& fault) {
    throw StoreInUse(std::vector<std::string>{fault.what()});
  } catch (const db::Fault& fault) {
    throw refused(fault.what());
  } catch (const Unavailable& fault) {
    throw refused(fault.what());
  }
}

Core::Core(const Settings& settings, const Clock& clock, Purpose purpose)
    : settings_(settings),
      clock_(clock),
      master_(load_master(settings)),
      database_(open_when_free(settings, clock, purpose)),
      keys_(*database_, std::move(master_.current), previous_secrets(master_)),
      hashing_(hashing_options(settings, purpose)),
      services_{.database = *database_,
                .hashing = hashing_,
                .keys = keys_,
                .strangers = strangers_,
                .repeated_refusals = repeated_refusals_,
                .settings = settings_,
                .public_url = settings.public_url,
                .wake_mail = [] {}} {
  const Timestamp now = clock_.now();
  refuse_absurd_clock(now);
  const flow::Origin origin{.now = now, .address = "", .user_agent = "", .request_id = "", .actor = "system"};
  try {
    keys_.reload();
  } catch (const std::runtime_error& error) {
    throw refused(error.what());
  }
  flow::rotate_keys(*database_, keys_, settings_, origin, flow::RotationCause::schedule);
  // What the server refuses here is mended by commands, which must work then.
  if (purpose == Purpose::command) return;
  if (auto problem = flow::ensure_administrator(services_, origin)) throw refused(std::move(*problem));
  if (auto problem = flow::ensure_unique_usernames(services_)) throw refused(std::move(*problem));
}

Core::~Core() = default;

}  // namespace latchkey::app
