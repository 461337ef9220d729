// mail/smtp_transport.h against servers that no real one would be. What a real one does is in tests/api.

#include "mail/smtp_transport.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

namespace latchkey::mail {
namespace {

using namespace std::chrono_literals;

/// Answers one connection after the other, each with `text` again and again, a byte at a time and `pause`
/// before each, for as long as the client stays.
class DribblingServer {
 public:
  DribblingServer(std::string text, std::chrono::milliseconds pause)
      : text_(std::move(text)), pause_(pause), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, any, &size) != 0) {
      throw std::runtime_error("no loopback");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~DribblingServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      ++connections_;
      for (std::size_t at = 0; ::send(client, &text_[at % text_.size()], 1, MSG_NOSIGNAL) == 1; ++at)
        std::this_thread::sleep_for(pause_);
      ::close(client);
    }
  }

  std::string text_;
  std::chrono::milliseconds pause_;
  int listener_;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

mail::Outgoing mail() {
  return {.id = LinkId{},
          .now = Timestamp{},
          .sender = "no-reply@example.org",
          .recipient = "someone@example.org",
          .message = "Subject: x\r\n\r\nx\r\n",
          .link = ""};
}

/// Patience for a reply is whole seconds; a server that says a byte in time, each time, must not stretch it.
class Dribble : public testing::TestWithParam<std::string> {};

TEST_P(Dribble, M05AServerThatDribblesItsAnswerIsLeftAndTheMailTriedLater) {
  DribblingServer server(GetParam(), 50ms);
  mail::SmtpOptions options;
  options.url = server.url();
  options.tls = settings::MailTls::off;
  options.response_timeout = 1s;
  mail::SmtpTransport transport(std::move(options));
  for (int tries = 1; tries <= 2; ++tries) {
    const mail::Delivery delivery = transport.deliver(mail(), {});
    EXPECT_EQ(delivery.outcome, mail::Delivery::Outcome::later) << delivery.reason;
    EXPECT_NE(delivery.reason.find("sent no greeting"), std::string::npos) << delivery.reason;
    EXPECT_LT(delivery.reason.size(), 300U) << delivery.reason;
    EXPECT_GE(server.connections(), tries);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Dribble,
                         testing::Values("220 a greeting whose line is never at its end",
                                         "220-a greeting of ever more lines\r\n"));

}  // namespace
}  // namespace latchkey::mail
