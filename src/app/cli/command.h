#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/id.h"
#include "base/role.h"

/// Every command as a plain struct, the result of parsing its arguments (parse.h). `name` is how it is
/// called.
namespace latchkey::app::cli {

/// What a process ends with.
enum ExitCode : int {
  exit_done = 0,
  exit_refused = 1,  ///< the operation was refused or failed
  exit_misused = 2,  ///< wrong arguments, or settings that can not be used
};

enum class Format : std::uint8_t { text, json };

/// An account as operators name it: by its id, or by its e-mail address as they typed it.
using UserName = std::variant<UserId, std::string>;

struct Serve {
  static constexpr std::string_view name = "serve";
};

struct UserAdd {
  static constexpr std::string_view name = "user add";
  enum class Input : std::uint8_t { password, password_hash };
  std::string email;
  std::string username;
  std::optional<UserId> id{};  ///< brought along from elsewhere
  Role role = Role::user;
  bool confirmed = false;
  Input input = Input::password;
};
struct UserInvite {
  static constexpr std::string_view name = "user invite";
  std::string email;
  bool print = false;  ///< the link, in place of a mail
};
struct UserList {
  static constexpr std::string_view name = "user list";
  Format format = Format::text;
};
struct UserShow {
  static constexpr std::string_view name = "user show";
  UserName user;
  Format format = Format::text;
};
struct UserBlock {
  static constexpr std::string_view name = "user block";
  UserName user;
};
struct UserUnblock {
  static constexpr std::string_view name = "user unblock";
  UserName user;
};
struct UserUnlock {
  static constexpr std::string_view name = "user unlock";
  UserName user;
};
struct UserSetRole {
  static constexpr std::string_view name = "user set-role";
  UserName user;
  Role role = Role::user;
};
struct UserDelete {
  static constexpr std::string_view name = "user delete";
  UserName user;
};

struct UserRemoveFactor {
  static constexpr std::string_view name = "user remove-factor";
  enum class Factor : std::uint8_t { totp, passkeys };
  UserName user;
  Factor factor = Factor::totp;
};

struct KeysList {
  static constexpr std::string_view name = "keys list";
  Format format = Format::text;
};
struct KeysRotate {
  static constexpr std::string_view name = "keys rotate";
};
struct KeysRevoke {
  static constexpr std::string_view name = "keys revoke";
  std::string kid;
};
struct KeysRekey {
  static constexpr std::string_view name = "keys rekey";
};

struct MailList {
  static constexpr std::string_view name = "mail list";
  Format format = Format::text;
};
struct MailRetry {
  static constexpr std::string_view name = "mail retry";
  std::optional<LinkId> id;  ///< nothing: all that were put aside
};

struct MailShow {
  static constexpr std::string_view name = "mail show";
  std::string to;  ///< an address as the mail has it; empty: to whomever
};

struct PasswordsIndex {
  static constexpr std::string_view name = "passwords index";
  std::filesystem::path list;
  std::optional<std::filesystem::path> to{};  ///< nothing: password.breached_file
  bool plain = false;                         ///< a list of passwords and not of their hashes
};

struct Migrate {
  static constexpr std::string_view name = "migrate";
};
struct Backup {
  static constexpr std::string_view name = "backup";
  std::filesystem::path file;
};
struct Restore {
  static constexpr std::string_view name = "restore";
  std::filesystem::path file;
};
struct Compact {
  static constexpr std::string_view name = "compact";
};
struct Move {
  static constexpr std::string_view name = "move";
  std::optional<std::string> from;  ///< as written; nothing: the environment, or the store of the settings
  std::optional<std::string> to;    ///< nothing: the environment
};
struct Doctor {
  static constexpr std::string_view name = "doctor";
  bool full = false;
};

struct Config {
  static constexpr std::string_view name = "config";
  bool reference = false;
};
struct OpenApi {
  static constexpr std::string_view name = "openapi";
};

using Command = std::variant<Serve, UserAdd, UserInvite, UserList, UserShow, UserBlock, UserUnblock,
                             UserUnlock, UserSetRole, UserDelete, UserRemoveFactor, KeysList, KeysRotate,
                             KeysRevoke, KeysRekey, MailList, MailRetry, MailShow, PasswordsIndex, Migrate,
                             Backup, Restore, Compact, Move, Doctor, Config, OpenApi>;

inline std::string_view name_of(const Command& command) {
  return std::visit([](const auto& any) { return any.name; }, command);
}

/// A command with the settings flags beside it, which every command takes.
struct Invocation {
  Command command;
  std::optional<std::filesystem::path> config_file;
  std::vector<std::pair<std::string, std::string>> flags;  ///< names without the dashes
};

/// The arguments ask for no command: help, the version, or a mistake.
struct Ending {
  int exit_code = exit_done;
  std::string out;
  std::string err;
};

}  // namespace latchkey::app::cli
