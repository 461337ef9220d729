#include "mail/smtp_session.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <new>

#include "base/log.h"

namespace latchkey::mail {
namespace {

constexpr std::size_t max_kept_reply = 512;

int read_code(std::string_view reply) {
  int code = 0;
  if (reply.size() >= 3) std::from_chars(reply.data(), reply.data() + 3, code);
  return code;
}

/// `path` is what libcurl says in EHLO; the sender's domain is a name that the outside knows.
std::string make_url(const settings::Url& url, std::string_view sender) {
  settings::Url full = url;
  full.path = fmt::format("/{}", sender.substr(sender.find('@') + 1));
  return settings::to_string(full);
}

long use_ssl(settings::MailTls tls) {
  switch (tls) {
    case settings::MailTls::required:
      return CURLUSESSL_ALL;
    case settings::MailTls::opportunistic:
      return CURLUSESSL_TRY;
    case settings::MailTls::off:
      break;
  }
  return CURLUSESSL_NONE;
}

}  // namespace

template <class Value>
void SmtpTransport::Session::set(CURLoption option, Value value) {
  const CURLcode code = curl_.easy_setopt(handle_, option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK) throw std::logic_error(fmt::format("libcurl does not take option {}", int{option}));
}

SmtpTransport::Session::Session(const SmtpOptions& options)
    : curl_(libcurl()),
      handle_(curl_.easy_init()),
      url_(settings::parse_url(options.url).value()),
      tls_(options.tls) {
  if (handle_ == nullptr) throw std::bad_alloc();
  reply_.reserve(max_kept_reply);
  mechanisms_.reserve(max_kept_reply);
  set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");  // whatever the environment says
  set(CURLOPT_ERRORBUFFER, error_.data());

  // Encryption that anybody on the way could have prevented proves no name (RFC 7435 §3): a certificate that
  // is asked for there only stops mail that would otherwise go in the clear.
  set(CURLOPT_SSL_VERIFYPEER, is_opportunistic() ? 0L : 1L);
  set(CURLOPT_SSL_VERIFYHOST, is_opportunistic() ? 0L : 2L);
  set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.user.empty()) {
    set(CURLOPT_USERNAME, options.user.c_str());
    std::string password(options.password.text());
    set(CURLOPT_PASSWORD, password.c_str());
    wipe(password);
    // The connection is encrypted or stays on this machine; the others would only add ways to fail.
    set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
  }

  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(options.response_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_timeout.count()));
  set(CURLOPT_QUICK_EXIT, 1L);  // a resolver that hangs does not hold up the end

  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &Session::on_read);
  set(CURLOPT_READDATA, static_cast<void*>(this));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Session::on_progress);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
  set(CURLOPT_VERBOSE, 1L);  // for the dialogue; nothing of it is printed
  set(CURLOPT_DEBUGFUNCTION, &Session::on_debug);
  set(CURLOPT_DEBUGDATA, static_cast<void*>(this));
  set(CURLOPT_OPENSOCKETFUNCTION, &Session::on_open);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_CLOSESOCKETFUNCTION, &Session::on_close);
  set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
}

SmtpTransport::Session::~Session() {
  // libcurl says QUIT and waits for the answer, up to two minutes: it shall find the end of the stream
  // instead.
  shut_sockets(Shutdown::reading);
  curl_.easy_cleanup(handle_);
}

Delivery SmtpTransport::Session::deliver(const Outgoing& mail, const std::stop_token& stop) {
  if (stop.stop_requested()) return {Delivery::Outcome::stopped, "stopped"};
  stop_ = stop;
  const std::stop_callback end(stop, [this] { shut_sockets(Shutdown::everything); });

  CURLcode code = perform(mail, Connection::kept_or_new);
  if (code != CURLE_OK && was_kept_connection_lost()) code = perform(mail, Connection::fresh);
  // The server can not do what it offers. Nothing of the mail was sent yet.
  if (code == CURLE_SSL_CONNECT_ERROR && is_opportunistic() && !stop.stop_requested()) {
    log::info("mail.in_clear", {{"mail", to_string(mail.id)}, {"reason", clean_reply(error_.data())}});
    code = perform(mail, Connection::fresh, Tls::none);
  }
  last_used_ = std::chrono::steady_clock::now();
  if (code == CURLE_OK) return {};
  if (stop.stop_requested()) return {Delivery::Outcome::stopped, "stopped"};

  const bool about_tls = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR ||
                         code == CURLE_USE_SSL_FAILED || code == CURLE_SSL_CACERT_BADFILE;
  const bool timed_out = code == CURLE_OPERATION_TIMEDOUT;
  // A certificate that is refused has its own sentence.
  const bool verified = code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CACERT_BADFILE;
  const std::string_view own =
      error_[0] != '\0' ? std::string_view(error_.data()) : curl_.easy_strerror(code);
  const std::string explanation = explain({.stage = stage_,
                                           .connected = verified && had_connection(),
                                           .tls_first = url_.scheme == "smtps",
                                           .login_denied = code == CURLE_LOGIN_DENIED,
                                           .mechanisms = mechanisms_,
                                           .error = own});
  return judge({.stage = about_tls ? SmtpStage::tls : stage_,
                .code = about_tls || timed_out ? 0 : read_code(reply_),
                .reply = reply_,
                .error = own,
                .explanation = explanation});
}

/// Only STARTTLS is an offer; `smtps://` insists.
bool SmtpTransport::Session::is_opportunistic() const {
  return tls_ == settings::MailTls::opportunistic && url_.scheme == "smtp";
}

bool SmtpTransport::Session::had_connection() const {
  curl_off_t took = 0;
  curl_.easy_getinfo(handle_, CURLINFO_CONNECT_TIME_T, &took);
  return took > 0;
}

CURLcode SmtpTransport::Session::perform(const Outgoing& mail, Connection connection, Tls tls) {
  const std::string url = make_url(url_, mail.sender);
  const std::string sender = "<" + mail.sender + ">";
  const std::string recipient = "<" + mail.recipient + ">";
  const std::unique_ptr<curl_slist, decltype(curl_.slist_free_all)> recipients(
      curl_.slist_append(nullptr, recipient.c_str()), curl_.slist_free_all);
  if (recipients == nullptr) throw std::bad_alloc();

  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_MAIL_FROM, sender.c_str());
  set(CURLOPT_MAIL_RCPT, recipients.get());
  set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mail.message.size()));
  set(CURLOPT_USE_SSL, tls == Tls::none ? long{CURLUSESSL_NONE} : use_ssl(tls_));
  set(CURLOPT_FRESH_CONNECT, connection == Connection::fresh ? 1L : 0L);
  unsent_ = mail.message;
  stage_ = SmtpStage::connect;
  reply_.clear();
  mechanisms_.clear();
  is_over_ = false;
  error_[0] = '\0';
  const CURLcode code = curl_.easy_perform(handle_);
  unsent_ = {};
  set(CURLOPT_MAIL_RCPT, static_cast<curl_slist*>(nullptr));
  return code;
}

/// A server may close a connection that waited too long (421, or nothing at all). Nothing of the mail was
/// sent then, so another attempt at once can not send it twice.
bool SmtpTransport::Session::was_kept_connection_lost() const {
  long opened = 0;
  curl_.easy_getinfo(handle_, CURLINFO_NUM_CONNECTS, &opened);
  const int code = read_code(reply_);
  return opened == 0 && stage_ <= SmtpStage::sender && (code == 0 || code == 421) && !stop_.stop_requested();
}

void SmtpTransport::Session::shut_sockets(Shutdown what) {
  const std::scoped_lock lock(sockets_mutex_);
  for (const curl_socket_t socket : sockets_)
    ::shutdown(socket, what == Shutdown::reading ? SHUT_RD : SHUT_RDWR);
}

std::size_t SmtpTransport::Session::on_read(char* out, std::size_t size, std::size_t count,
                                            void* self) noexcept {
  std::string_view& unsent = static_cast<Session*>(self)->unsent_;
  const std::size_t step = std::min(size * count, unsent.size());
  std::memcpy(out, unsent.data(), step);
  unsent.remove_prefix(step);
  return step;
}

int SmtpTransport::Session::on_debug(CURL* /*handle*/, curl_infotype type, char* data, std::size_t size,
                                     void* self) noexcept {
  auto& session = *static_cast<Session*>(self);
  const std::string_view text(data, size);
  if (session.is_over_) return 0;
  if (type == CURLINFO_HEADER_OUT && text.starts_with("QUIT")) {
    session.is_over_ = true;  // what was decided was decided before
  } else if (type == CURLINFO_HEADER_OUT) {
    // A reply answers the last line that was sent, whatever that was.
    session.reply_.clear();
    if (text.starts_with("EHLO")) session.mechanisms_.clear();
    read_command(text, session.stage_);
  } else if (type == CURLINFO_HEADER_IN) {
    session.reply_ = text.substr(0, max_kept_reply);
    if (const auto offered = read_mechanisms(session.reply_); !offered.empty()) session.mechanisms_ = offered;
    if (session.stage_ == SmtpStage::connect) session.stage_ = SmtpStage::greeting;
  }
  return 0;
}

int SmtpTransport::Session::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<Session*>(self)->stop_.stop_requested() ? 1 : 0;
}

curl_socket_t SmtpTransport::Session::on_open(void* self, curlsocktype /*purpose*/,
                                              struct curl_sockaddr* address) noexcept {
  auto& session = *static_cast<Session*>(self);
  const curl_socket_t socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) return CURL_SOCKET_BAD;
  const std::scoped_lock lock(session.sockets_mutex_);
  session.sockets_.insert(socket);
  return socket;
}

int SmtpTransport::Session::on_close(void* self, curl_socket_t socket) noexcept {
  auto& session = *static_cast<Session*>(self);
  const std::scoped_lock lock(session.sockets_mutex_);
  session.sockets_.erase(socket);
  return ::close(socket);
}

}  // namespace latchkey::mail
