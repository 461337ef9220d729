// A listener with a small table of its own on a loopback port, and a client that sends bytes as the test
// wrote them.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/time.h"
#include "http/wire/listener.h"

namespace latchkey::http::test {

using std::chrono::milliseconds;

std::vector<Route> live_routes();
/// Refuses requests without a bearer token; leaves the token in `caller`.
Task<Result<void>> live_access(const Route& route, Request& request);

class LiveServer {
 public:
  explicit LiveServer(Options options = {}, wire::Crowd::Bounds bounds = {});
  ~LiveServer();

  std::uint16_t port() const { return port_; }
  /// Stops and waits; how long it took.
  milliseconds stop(milliseconds grace);
  /// Begins to stop.
  void begin_stop(milliseconds grace);
  bool stopped() const { return stopped_; }
  std::size_t connections();

 private:
  Clock clock_;
  wire::Crowd crowd_;
  Router router_;
  asio::io_context io_{1};
  std::unique_ptr<wire::Listener> listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopped_{false};
  bool stopping_ = false;
  std::thread thread_;
};

struct Answer {
  int status = 0;  ///< 0: the connection ended before a whole answer
  std::string head;
  std::string body;

  /// The value of a header, empty when it is missing.
  std::string header(std::string_view name) const;
};

class Client {
 public:
  explicit Client(const LiveServer& server, int receive_buffer = 0);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// False when the server no longer takes it.
  bool send(std::string_view bytes);
  /// Sends the same again and again, until the server has taken nothing for a while.
  void send_until_full(std::string_view bytes);
  void end_sending();
  void reset();
  Answer read(std::string_view method = "GET");
  Answer ask(std::string_view bytes, std::string_view method = "GET") {
    send(bytes);
    return read(method);
  }
  /// Whether bytes of the server arrive within `wait`; they are left unread.
  bool has_bytes(milliseconds wait = milliseconds(5000));
  /// What still comes before the server closes; "(open)" added when it does not within `wait`.
  std::string rest(milliseconds wait = milliseconds(5000));
  bool is_closed(milliseconds wait = milliseconds(5000)) { return rest(wait).empty(); }
  /// Whether the connection still serves.
  bool serves();

 private:
  bool fill(milliseconds wait);

  int socket_;
  std::string buffer_;
};

/// "GET PATH HTTP/1.1" with a Host and further lines, which end in CRLF each.
std::string get(std::string_view path, std::string_view lines = "");
std::string post(std::string_view path, std::string_view body,
                 std::string_view lines = "Content-Type: application/json\r\n");

}  // namespace latchkey::http::test
