#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/secret.h"
#include "mail/transport.h"
#include "settings/settings.h"

namespace latchkey::mail {

/// The server that takes our mail, and how long it may take.
struct SmtpOptions {
  std::string url;  ///< `smtp://host[:port]` or `smtps://host[:port]`
  std::string user;
  Secret password;
  settings::MailTls tls = settings::MailTls::required;
  std::string ca_file;  ///< certificates to trust in place of the system's; empty: the system's

  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::seconds response_timeout{30};  ///< for each reply, so a server that dribbles bytes is left
  /// For everything about one mail.
  std::chrono::milliseconds total_timeout{120'000};
};

/// SMTP (RFC 5321) by libcurl. The connection is kept for mails that follow each other, and closed when idle.
///
/// With `required` nothing is sent before the connection is encrypted (STARTTLS, or `smtps://` from the first
/// byte) and the server's certificate and name are verified. With `opportunistic` the connection is encrypted
/// when the server offers STARTTLS and manages it, whatever its certificate says (RFC 7435); `smtps://` is
/// verified all the same. `off` is for loopback. Proxies and netrc are not looked at, and no protocol but
/// SMTP is spoken.
class SmtpTransport final : public Transport {
 public:
  /// Throws `std::invalid_argument`, with a sentence for the operator, for a URL that is not SMTP or carries
  /// more than a host and a port, for `tls` off beyond loopback, and for a password that could travel in the
  /// clear beyond loopback.
  explicit SmtpTransport(SmtpOptions options);
  ~SmtpTransport() override;

  BodyEncoding encoding() const override { return BodyEncoding::seven_bit; }
  Delivery deliver(const Outgoing& mail, std::stop_token stop) override;
  void rest() override;

 private:
  class Session;
  SmtpOptions options_;
  std::unique_ptr<Session> session_;
};

/// What `mail.smtp_url` and its fellows in the settings say. Trusts `SSL_CERT_FILE` (as OpenSSL and curl do)
/// when that is in the environment.
SmtpOptions make_smtp_options(const settings::Settings::Mail& mail);

}  // namespace latchkey::mail
