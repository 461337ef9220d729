#include "settings/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/email_address.h"
#include "base/ip_address.h"
#include "settings/duration.h"
#include "settings/knobs.h"
#include "settings/url.h"

namespace latchkey::settings {
namespace {

class Checker {
 public:
  Checker(Loaded& loaded, std::vector<std::string>& problems)
      : loaded_(loaded), settings_(loaded.settings), problems_(problems) {}

  void run() {
    check_listeners();
    check_lifetimes();
    check_admin();
    check_sender();
    check_mail();
    check_origins();
    check_passkeys();
    check_master_secrets();
    check_passwords();
    warn_of_switches();
  }

 private:
  /// `tokens.access_ttl (15m, default)`: a setting as a sentence shows it.
  std::string show(std::string_view name) const {
    const Knob& knob = *find_knob(name);
    const std::string value = knob.read(settings_);
    const std::string& origin = loaded_.origins[static_cast<std::size_t>(&knob - knobs().data())];
    return value.empty() ? fmt::format("{} ({})", name, origin)
                         : fmt::format("{} ({}, {})", name, value, origin);
  }

  bool is_set(std::string_view name) const { return !find_knob(name)->read(settings_).empty(); }

  template <class... Arguments>
  void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    problems_.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  template <class... Arguments>
  void warn(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    loaded_.warnings.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  template <class Value>
  void at_most(const Value& lesser, std::string_view lesser_name, const Value& greater,
               std::string_view greater_name) {
    if (lesser > greater) refuse("{} must not be more than {}", show(lesser_name), show(greater_name));
  }

  void together(std::string_view one, std::string_view other) {
    if (is_set(one) && !is_set(other)) refuse("{} also needs {}", show(one), other);
    if (is_set(other) && !is_set(one)) refuse("{} also needs {}", show(other), one);
  }

  void check_listeners() {
    const bool same = settings_.management_listen == settings_.listen && settings_.listen.port != 0;
    if (same) refuse("{} must differ from {}", show("management_listen"), show("listen"));
    if (settings_.management_listen && is_unspecified(settings_.management_listen->address)) {
      warn(
          "{} is every address of this machine: everybody who can reach one of them can read the metrics, "
          "unless a firewall keeps outsiders away",
          show("management_listen"));
    }
    if (settings_.public_url.empty()) {
      if (!is_loopback(settings_.listen.address)) {
        warn("public_url is not set, so links and tokens name {}, which clients may not reach",
             show("listen"));
      }
      return;
    }
    const std::optional<Url> url = parse_url(settings_.public_url);
    if (url->scheme == "http" && !is_loopback(url->host)) {
      warn("{} is http: passwords and tokens cross the network in the clear", show("public_url"));
    }
    if (is_unspecified(url->host)) warn("{} names an address that no client can reach", show("public_url"));
  }

  void check_lifetimes() {
    const auto& tokens = settings_.tokens;
    at_most(tokens.refresh_idle_ttl, "tokens.refresh_idle_ttl", tokens.refresh_absolute_ttl,
            "tokens.refresh_absolute_ttl");
    at_most(tokens.access_ttl, "tokens.access_ttl", tokens.refresh_idle_ttl, "tokens.refresh_idle_ttl");
    at_most(tokens.refresh_grace, "tokens.refresh_grace", tokens.refresh_idle_ttl, "tokens.refresh_idle_ttl");
    at_most(tokens.access_ttl, "tokens.access_ttl", tokens.signing_key_ttl, "tokens.signing_key_ttl");
    if (tokens.access_ttl > std::chrono::hours{1}) {
      warn("{} is long: other services accept a stolen access token for all that time",
           show("tokens.access_ttl"));
    }
    if (tokens.refresh_grace > std::chrono::seconds{10}) {
      warn("{} is long: a stolen refresh token goes unnoticed for all that time",
           show("tokens.refresh_grace"));
    }
    at_most(settings_.accounts.code_ttl, "accounts.code_ttl", settings_.accounts.reset_ttl,
            "accounts.reset_ttl");
    if (settings_.accounts.confirmation_ttl > settings_.accounts.unconfirmed_ttl) {
      warn("{} is longer than {}: links outlive the accounts they confirm", show("accounts.confirmation_ttl"),
           show("accounts.unconfirmed_ttl"));
    }
  }

  void check_admin() {
    together("admin.email", "admin.password");
    if (settings_.admin.email.empty()) return;
    const auto parsed = parse_email_address(settings_.admin.email, settings_.accounts.domains_without_dot);
    if (parsed) {
      settings_.admin.email = parsed->address;
    } else {
      refuse("{}: {}", show("admin.email"), parsed.error().reason);
    }
  }

  void check_sender() {
    check_own_address("mail.from", settings_.mail.from);
    check_own_address("mail.envelope_from", settings_.mail.envelope_from);
    if (!settings_.mail.envelope_from.name.empty()) {
      refuse("{} must be an address alone: nobody sees a name there", show("mail.envelope_from"));
    }
  }

  void check_own_address(std::string_view name, const Mailbox& mailbox) {
    if (mailbox.address.empty()) return;
    std::vector<std::string> without_dot = settings_.accounts.domains_without_dot;
    without_dot.emplace_back("localhost");
    if (parse_email_address(mailbox.address, without_dot).has_error())
      refuse("{}: its domain has no dot, and accounts.domains_without_dot does not name it", show(name));
  }

  void check_origins() {
    const auto& origins = settings_.http.cors_origins;
    if (origins.size() > 1 && std::ranges::find(origins, any_origin) != origins.end()) {
      refuse("{}: * is every origin and stands alone", show("http.cors_origins"));
    }
  }

  /// Whether browsers let a page of `host` use passkeys of `domain`.
  static bool covers(std::string_view domain, std::string_view host) {
    if (domain == host) return true;
    return domain.find('.') != std::string_view::npos && host.ends_with("." + std::string(domain));
  }

  void check_passkeys() {
    const std::string& domain = settings_.passkeys.rp_id;
    if (domain.empty()) return;
    if (const auto url = parse_url(settings_.public_url)) {
      if (!covers(domain, url->host)) {
        refuse("{} must be the host of {}, or a domain that it ends in", show("passkeys.rp_id"),
               show("public_url"));
      }
    } else if (domain != "localhost" || !loopback_twin(settings_.listen.address)) {
      refuse("{} also needs public_url", show("passkeys.rp_id"));
    }
  }

  void check_mail() {
    const auto& mail = settings_.mail;
    together("mail.smtp_user", "mail.smtp_password");
    if (mail.smtp_url.empty()) {
      if (is_set("mail.smtp_user")) {
        warn("{} has no effect without mail.smtp_url: mails are written to files", show("mail.smtp_user"));
      }
      return;
    }
    if (mail.from.address.empty()) refuse("{} also needs mail.from", show("mail.smtp_url"));
    const std::optional<Url> url = parse_url(mail.smtp_url);
    if (url->scheme == "smtps") return;
    const bool here = is_loopback(url->host);
    if (mail.tls == MailTls::off && !here) {
      refuse("{} is only for a mail server on this machine, not for {}", show("mail.tls"),
             show("mail.smtp_url"));
    }
    if (mail.tls == MailTls::opportunistic && !here) {
      warn("{}: anybody on the way can read the links in mails{}", show("mail.tls"),
           is_set("mail.smtp_password") ? ", and mail.smtp_password" : "");
    }
  }

  void check_master_secrets() {
    if (is_set("master_secret") && is_set("master_secret_file")) {
      refuse("only one of {} and {} can be set", show("master_secret"), show("master_secret_file"));
    }
    const bool both = is_set("master_secret") && is_set("master_secret_previous");
    if (both && settings_.master_secret == settings_.master_secret_previous) {
      refuse("{} must differ from {}", show("master_secret_previous"), show("master_secret"));
    }
  }

  /// OWASP's Password Storage Cheat Sheet: these pairs are equally strong, more of either is stronger.
  bool is_strong_argon2() const {
    struct Row {
      int memory_kib;
      int passes;
    };
    constexpr std::array<Row, 5> rows{{{47104, 1}, {19456, 2}, {12288, 3}, {9216, 4}, {7168, 5}}};
    return std::ranges::any_of(rows, [this](const Row& row) {
      return settings_.password.argon2_memory_kib >= row.memory_kib &&
             settings_.password.argon2_passes >= row.passes;
    });
  }

  void check_passwords() {
    if (!is_strong_argon2()) {
      warn("{} with {} is weaker than OWASP's minimum (19456 with 2): a stolen table is cheap to crack",
           show("password.argon2_memory_kib"), show("password.argon2_passes"));
    }
    if (settings_.password.min_length < 8) {
      warn("{} is less than 8: short passwords can be guessed", show("password.min_length"));
    }
  }

  void warn_of_switches() {
    if (!settings_.limits.enabled) {
      warn("{}: passwords can be guessed as fast as they can be hashed", show("limits.enabled"));
    }
    if (settings_.accounts.confirmation == Confirmation::off) {
      warn("{}: anybody can sign up with anybody's address", show("accounts.confirmation"));
    }
  }

  Loaded& loaded_;
  Settings& settings_;
  std::vector<std::string>& problems_;
};

}  // namespace

void check_together(Loaded& loaded, std::vector<std::string>& problems) { Checker(loaded, problems).run(); }

}  // namespace latchkey::settings
