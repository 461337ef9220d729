#include "mail/smtp_transport.h"

#include <cstdlib>
#include <stdexcept>

#include "base/ip_address.h"
#include "base/log.h"
#include "mail/libcurl.h"
#include "mail/smtp_session.h"
#include "settings/url.h"

namespace latchkey::mail {
namespace {

using settings::MailTls;

/// Long enough for mails that follow each other, shorter than the patience of servers.
constexpr std::chrono::seconds idle_limit{20};

void check(const SmtpOptions& options) {
  const auto url = settings::parse_url(options.url);
  if (!url || (url->scheme != "smtp" && url->scheme != "smtps") || !url->path.empty()) {
    throw std::invalid_argument("mail.smtp_url must be smtp://host[:port] or smtps://host[:port]");
  }
  if (url->scheme == "smtps" || options.tls == MailTls::required || is_loopback(url->host)) return;
  if (options.tls == MailTls::off) {
    throw std::invalid_argument(
        "mail.tls = off is for a mail server on this machine: links would travel in the clear");
  }
  if (!options.user.empty()) {
    throw std::invalid_argument(
        "mail.tls = opportunistic could send mail.smtp_password in the clear: set it to required, or leave "
        "out "
        "mail.smtp_user");
  }
}

}  // namespace

SmtpTransport::SmtpTransport(SmtpOptions options) : options_(std::move(options)) {
  check(options_);
  libcurl();  // throws at the start if this machine has none
}

SmtpTransport::~SmtpTransport() = default;

Delivery SmtpTransport::deliver(const Outgoing& mail, std::stop_token stop) {
  if (session_ == nullptr) session_ = std::make_unique<Session>(options_);
  Delivery delivery = session_->deliver(mail, stop);
  if (delivery.outcome == Delivery::Outcome::taken) log::info("mail.sent", {{"mail", to_string(mail.id)}});
  return delivery;
}

void SmtpTransport::rest() {
  if (session_ != nullptr && std::chrono::steady_clock::now() - session_->last_used() > idle_limit)
    session_.reset();
}

SmtpOptions make_smtp_options(const settings::Settings::Mail& mail) {
  SmtpOptions options;
  options.url = mail.smtp_url;
  options.user = mail.smtp_user;
  options.password = mail.smtp_password.copy();
  options.tls = mail.tls;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read at start, before there are threads
  if (const char* file = std::getenv("SSL_CERT_FILE")) options.ca_file = file;
  return options;
}

}  // namespace latchkey::mail
