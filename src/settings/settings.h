#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "base/log.h"
#include "base/rate.h"
#include "base/secret.h"
#include "base/time.h"

namespace latchkey::settings {

enum class Confirmation : std::uint8_t { required, off };
enum class SignUp : std::uint8_t { open, invited, off };
enum class SecondFactor : std::uint8_t { optional, required };
/// Whether mail may leave in the clear. `smtps://` is encrypted from its first byte, whatever this says.
enum class MailTls : std::uint8_t { required, opportunistic, off };

/// In http.cors_origins.
inline constexpr std::string_view any_origin = "*";

/// The sender of our mail.
struct Mailbox {
  std::string name;     ///< shown beside the address; may be empty
  std::string address;  ///< valid as parse_email_address has it; empty when nothing is set
};

/// Every setting of one server, checked. A new object holds the defaults. What each member means, its bounds
/// and its default stand once, in the table of knobs.cpp, which also makes the reference in
/// docs/reference/settings.md.
///
/// Made once at start and only read afterwards, so any thread may hold a reference. Movable; it is not
/// copied, since it holds secrets.
struct Settings {
  Settings();

  Endpoint listen;
  std::optional<Endpoint> management_listen;
  /// Without a trailing slash. Empty when it follows the listener (app/public_url.h), whose port is known
  /// only once it is bound (port 0).
  std::string public_url;
  std::filesystem::path data_dir;
  Secret database_url;  ///< empty: SQLite in `data_dir`. Secret, for it may hold a password.
  int threads{};        ///< 0: one per core that may be used

  Secret master_secret;  ///< as written: 64 hexadecimal digits; see master_secret.h
  std::filesystem::path master_secret_file;
  Secret master_secret_previous;  ///< as written

  struct Database {
    Microseconds statement_timeout{};
    int connections{};
  } database;

  struct Admin {
    std::string email;
    Secret password;
    SecondFactor second_factor{};         ///< of every administrator
    Microseconds factor_removal_delay{};  ///< 0: administrators remove no factors of others
  } admin;

  struct Mail {
    std::string smtp_url;  ///< empty: mail is written to files in `data_dir`
    std::string smtp_user;
    Secret smtp_password;
    MailTls tls{};
    Mailbox from;
    Mailbox envelope_from;  ///< without a name; empty: the address of `from`
    int connections{};
    std::filesystem::path templates_dir;  ///< empty: those built in
  } mail;

  struct Pages {
    std::filesystem::path templates_dir;  ///< empty: those built in
  } pages;

  struct Tokens {
    Microseconds access_ttl{};
    Microseconds refresh_idle_ttl{};
    Microseconds refresh_absolute_ttl{};
    Microseconds refresh_grace{};
    std::string client_id;
    Microseconds signing_key_ttl{};
  } tokens;

  struct Accounts {
    SignUp sign_up{};
    Microseconds invitation_ttl{};
    Confirmation confirmation{};
    Microseconds confirmation_ttl{};
    Microseconds unconfirmed_ttl{};
    Microseconds reset_ttl{};
    Microseconds code_ttl{};
    Microseconds factor_removal_delay{};  ///< 0: owners can not ask for it
    bool mail_sign_in{};
    Microseconds deletion_grace{};
    bool unique_usernames{};
    std::vector<std::string> domains_without_dot;  ///< lower case
  } accounts;

  struct Passkeys {
    std::string rp_id;                 ///< in A-labels; empty: the host of `public_url`
    std::vector<std::string> origins;  ///< as browsers write them, beside that of `public_url`
  } passkeys;

  struct Password {
    int min_length{};
    int max_length{};
    int min_guesses_log10{};
    int argon2_memory_kib{};
    int argon2_passes{};
    int hash_threads{};                   ///< 0: one per core that may be used
    int hash_queue{};                     ///< 0: 128 per hashing thread
    std::filesystem::path breached_file;  ///< empty: no such list
  } password;

  struct Limits {
    bool enabled{};
    int sessions{};  ///< of one account
    int login_failures{};
    Microseconds login_lock{};
    Microseconds mail_interval{};
    // Of requests: for each client, and for all together.
    Rate sign_up{};
    Rate sign_up_total{};
    Rate sign_in{};
    Rate sign_in_total{};
    Rate mail_requests{};
    Rate mail_requests_total{};
    Rate links{};
    Rate account_changes{};
    Rate refresh{};
    Rate refresh_total{};
    // Of what requests bring about.
    Rate session_refresh{};
    Rate unconfirmed_accounts{};
    Rate mails{};
    Rate mails_per_recipient{};
    Rate audit_refusals{};
    Rate changes_per_account{};
  } limits;

  struct Http {
    /// `scheme://host[:port]` in lower case and A-labels, default ports left out; or any_origin alone.
    std::vector<std::string> cors_origins;
    std::vector<std::string> trusted_proxies;  ///< `address/prefix`
    Microseconds head_timeout{};
    Microseconds body_timeout{};
    Microseconds idle_timeout{};
    int max_body_bytes{};
    int least_body_rate{};  ///< bytes a second
    int connections_per_client{};
    int buffer_memory_mib{};  ///< 0: a quarter of what there is
  } http;

  struct Audit {
    Microseconds ttl{};
  } audit;

  struct Log {
    log::Level level{};
    log::Format format{};
  } log;

  /// Whether the store is the SQLite file in `data_dir`.
  bool is_embedded() const { return database_url.empty(); }
};

}  // namespace latchkey::settings

namespace latchkey {
using settings::Settings;
}
