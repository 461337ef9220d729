#include "app/cli/doctor_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/ip_address.h"
#include "crypto/breached/index.h"
#include "db/backup.h"
#include "settings/sentence.h"
#include "settings/url.h"

namespace latchkey::app::cli {
namespace {

namespace fs = std::filesystem;

/// Below this a backup, a restore or a busy day may fill the disk.
constexpr std::uintmax_t little_space = 256U << 20;

void check_entry(Diagnosis& diagnosis, const fs::path& path, uid_t owner, bool& all_private) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;  // gone since it was listed
  if (status.st_uid != owner) {
    all_private = false;
    diagnosis.fail("files: {} belongs to another user (id {}) than its directory: run chown {} {}",
                   path.string(), status.st_uid, owner, settings::shell_word(path.string()));
  }
  if (!S_ISLNK(status.st_mode) && (status.st_mode & 0077) != 0) {
    all_private = false;
    diagnosis.fail("files: others can get at {} (mode {:04o}): run chmod {} {}", path.string(),
                   status.st_mode & 07777, S_ISDIR(status.st_mode) ? 700 : 600,
                   settings::shell_word(path.string()));
  }
}

void check_leftovers(Diagnosis& diagnosis, const fs::path& data_dir) {
  if (fs::exists(data_dir / "restore")) {
    diagnosis.warn(
        "files: {} is left over from an interrupted restore, unless one is running: the next start removes "
        "it",
        (data_dir / "restore").string());
  }
  if (const auto replaced = db::newest_replaced(data_dir)) {
    diagnosis.warn("files: {} is the store from before a restore: remove it when you no longer need it",
                   replaced->string());
  }
}

void check_space(Diagnosis& diagnosis, const fs::path& data_dir) {
  const auto space = fs::space(data_dir);
  const auto free_mib = space.available >> 20;
  if (space.available < little_space) {
    diagnosis.warn("disk: only {} MiB are free for {}: make room", free_mib, data_dir.string());
  } else {
    diagnosis.ok("disk: {} MiB are free", free_mib);
  }
}

}  // namespace

void check_settings(Diagnosis& diagnosis, const settings::Loaded& loaded) {
  for (const auto& warning : loaded.warnings) diagnosis.warn("settings: {}", warning);
  if (loaded.warnings.empty()) {
    const std::string file = loaded.config_file ? loaded.config_file->string() : "no file";
    diagnosis.ok("settings: no warnings ({})", file);
  }
}

void check_breached_file(Diagnosis& diagnosis, const Settings& settings) {
  const auto& file = settings.password.breached_file;
  if (file.empty())
    return diagnosis.ok("leaked passwords: only the most common are known (password.breached_file)");
  const crypto::breached::Index index(file);
  diagnosis.ok("leaked passwords: {} in {}", index.size(), file.string());
}

void check_mail_settings(Diagnosis& diagnosis, const Settings& settings) {
  const auto& mail = settings.mail;
  if (mail.smtp_url.empty()) {
    const bool local = settings.public_url.empty() ? is_loopback(settings.listen.address) : [&] {
      const auto url = settings::parse_url(settings.public_url);
      return url.has_value() && is_loopback(url->host);
    }();
    const std::string folder = (settings.data_dir / "mail").string();
    if (local) return diagnosis.ok("mail: written to {}, because mail.smtp_url is not set", folder);
    return diagnosis.warn(
        "mail: nobody receives any, because it is written to {}: set mail.smtp_url and mail.from", folder);
  }
  if (mail.smtp_user.empty() && !is_loopback(settings::parse_url(mail.smtp_url)->host)) {
    return diagnosis.warn("mail: {} is used without mail.smtp_user; most servers refuse that", mail.smtp_url);
  }
  diagnosis.ok("mail: sent through {} as {}", mail.smtp_url, mail.from.address);
}

void check_data_directory(Diagnosis& diagnosis, const Settings& settings) {
  const fs::path& data_dir = settings.data_dir;
  struct stat status {};
  if (::stat(data_dir.c_str(), &status) != 0) {
    return diagnosis.fail("files: {}: {}: `latchkey serve` or `latchkey migrate` creates it",
                          data_dir.string(), std::system_category().message(errno));
  }
  bool all_private = true;
  check_entry(diagnosis, fs::canonical(data_dir), status.st_uid, all_private);
  for (const auto& entry : fs::directory_iterator(data_dir)) {
    check_entry(diagnosis, entry.path(), status.st_uid, all_private);
  }
  if (all_private)
    diagnosis.ok("files: {} and its contents are private to user {}", data_dir.string(), status.st_uid);
  check_leftovers(diagnosis, data_dir);
  check_space(diagnosis, data_dir);
}

}  // namespace latchkey::app::cli
