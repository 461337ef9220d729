#pragma once

#include <curl/curl.h>

#include <array>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

#include "mail/libcurl.h"
#include "mail/smtp_reply.h"
#include "mail/smtp_transport.h"
#include "settings/endpoint.h"

namespace latchkey::mail {

/// One libcurl handle and the connection that it keeps. Used by one thread; only the stop callback, which
/// runs on the thread that asks for the stop, reaches in from outside, to the sockets alone.
class SmtpTransport::Session {
 public:
  explicit Session(const SmtpOptions& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Delivery deliver(const Outgoing& mail, const std::stop_token& stop);
  std::chrono::steady_clock::time_point last_used() const { return last_used_; }

 private:
  enum class Connection : bool { kept_or_new, fresh };
  enum class Shutdown : std::uint8_t { reading, everything };
  enum class Tls : bool { as_set, none };

  CURLcode perform(const Outgoing& mail, Connection connection, Tls tls = Tls::as_set);
  bool is_opportunistic() const;
  bool had_connection() const;
  bool was_kept_connection_lost() const;
  void shut_sockets(Shutdown what);
  template <class Value>
  void set(CURLoption option, Value value);

  static std::size_t on_read(char* out, std::size_t size, std::size_t count, void* self) noexcept;
  static int on_debug(CURL* handle, curl_infotype type, char* data, std::size_t size, void* self) noexcept;
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept;
  static curl_socket_t on_open(void* self, curlsocktype purpose, struct curl_sockaddr* address) noexcept;
  static int on_close(void* self, curl_socket_t socket) noexcept;

  const Libcurl& curl_;
  CURL* handle_;
  const settings::Url url_;
  const settings::MailTls tls_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::chrono::steady_clock::time_point last_used_{};

  // About the delivery that runs.
  std::stop_token stop_;
  std::string_view unsent_;
  SmtpStage stage_ = SmtpStage::connect;
  std::string reply_;
  std::string mechanisms_;
  bool is_over_ = false;

  std::mutex sockets_mutex_;
  std::set<curl_socket_t> sockets_;
};

}  // namespace latchkey::mail
