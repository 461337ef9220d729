#include "unit/http/live.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <stdexcept>

#include "base/unicode.h"
#include "http/bearer.h"
#include "http/form.h"
#include "http/respond.h"

namespace latchkey::http::test {

namespace {

using Handled = Task<Result<Response>>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

Handled health(Request&) { co_return text_response(200, "well"); }
Handled echo(Request& request) { co_return text_response(200, std::string(request.body)); }
Handled who(Request& request) {
  co_return text_response(200, std::string(bearer_token(request).value_or("nobody")));
}
Handled item(Request& request) { co_return text_response(200, std::string(request.parameter("id"))); }
Handled from(Request& request) { co_return text_response(200, std::string(request.address)); }
Handled big(Request&) { co_return text_response(200, std::string(16 * 1024 * 1024, 'x')); }
Handled denied(Request&) { co_return ErrorCode::forbidden; }
Handled fault(Request&) { throw std::runtime_error("a secret of the fault"); }
Handled lost(Request&) { throw Unavailable("a secret of the store"); }
Handled full(Request&) { co_return Error(ErrorCode::overloaded, Seconds(1)); }
Handled guarded(Request& request) { co_return text_response(200, *request.caller.get<std::string>()); }
Handled told(Request& request) {
  co_return text_response(200, *request.caller.get<std::string>() + " " + std::string(request.query) + " " +
                                   std::string(request.header("Content-Type").value_or("")) + " " +
                                   std::string(request.header("X-Last").value_or("")) + " " +
                                   std::string(request.body));
}
/// Keeps its thread to itself for a moment.
Handled busy(Request&) {
  auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
  while (std::chrono::steady_clock::now() < end) continue;
  co_return text_response(200, "done");
}
Handled split(Request&) {
  Response response = text_response(200, "split");
  response.headers.push_back({"Location", "/\r\nSet-Cookie: x=1"});
  co_return response;
}
Handled slow(Request&) {
  auto executor = co_await asio::this_coro::executor;
  Timer timer(executor, milliseconds(300));
  co_await timer.async_wait(asio::use_awaitable_t<IoExecutor>{});
  co_return text_response(200, "slow");
}
Handled form(Request& request) {
  Result<Form> parsed = parse_form(request);
  if (parsed.has_error()) co_return parsed.error();
  std::string out;
  for (const FormField& field : parsed->fields()) out += field.name + "=" + field.value + ";";
  co_return text_response(200, std::move(out));
}

Route row(Method method, std::string_view pattern, Handler handler, BodyKind body = BodyKind::none,
          int access = 0) {
  Route route;
  route.method = method;
  route.pattern = pattern;
  route.handler = std::move(handler);
  route.body = body;
  route.access = access;
  if (method == Method::get) route.head = Head::allowed;
  return route;
}

}  // namespace

std::vector<Route> live_routes() {
  return {row(Method::get, "/healthz", health),
          row(Method::post, "/echo", echo, BodyKind::json),
          row(Method::post, "/form", form, BodyKind::form),
          row(Method::post, "/plain", health),
          row(Method::get, "/who", who),
          row(Method::get, "/item/{id}", item),
          row(Method::get, "/from", from),
          row(Method::get, "/big", big),
          row(Method::get, "/denied", denied),
          row(Method::get, "/fault", fault),
          row(Method::get, "/lost", lost),
          row(Method::get, "/full", full),
          row(Method::get, "/split", split),
          row(Method::get, "/busy", busy),
          row(Method::get, "/slow", slow),
          row(Method::get, "/guarded", guarded, BodyKind::none, 1),
          row(Method::post, "/told", told, BodyKind::json, 1)};
}

Task<Result<void>> live_access(const Route&, Request& request) {
  std::optional<std::string_view> token = bearer_token(request);
  if (!token) co_return ErrorCode::invalid_token;
  request.caller.set(std::string(*token));
  co_return Result<void>();
}

LiveServer::LiveServer(Options options, wire::Crowd::Bounds bounds) : crowd_(bounds), router_(live_routes()) {
  listener_ = std::make_unique<wire::Listener>(io_, router_, clock_, std::move(options), live_access, crowd_);
  listener_->open({"127.0.0.1", 0});
  port_ = listener_->endpoint().port;
  thread_ = std::thread([this] { io_.run(); });
}

LiveServer::~LiveServer() {
  if (!stopping_) begin_stop(milliseconds(0));
  thread_.join();
}

void LiveServer::begin_stop(milliseconds grace) {
  stopping_ = true;
  listener_->stop(grace, [this] {
    stopped_ = true;
    io_.stop();
  });
}

milliseconds LiveServer::stop(milliseconds grace) {
  auto began = std::chrono::steady_clock::now();
  begin_stop(grace);
  while (!stopped_) std::this_thread::sleep_for(milliseconds(5));
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
}

std::size_t LiveServer::connections() {
  std::promise<std::size_t> count;
  asio::post(io_, [&] { count.set_value(listener_->connections()); });
  return count.get_future().get();
}

std::string Answer::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(line.size() + 2, rest.size()));
    std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos && equal_ignoring_ascii_case(line.substr(0, colon), name))
      return std::string(line.substr(colon + 2));
  }
  return "";
}

Client::Client(const LiveServer& server, int receive_buffer)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("can not connect");
}

Client::~Client() {
  if (socket_ >= 0) ::close(socket_);
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void Client::send_until_full(std::string_view bytes) {
  pollfd ready{socket_, POLLOUT, 0};
  while (::poll(&ready, 1, 500) == 1 &&
         ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
    continue;
}

void Client::end_sending() { ::shutdown(socket_, SHUT_WR); }

void Client::reset() {
  linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(socket_);
  socket_ = -1;
}

bool Client::has_bytes(milliseconds wait) {
  pollfd ready{socket_, POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(wait.count())) == 1;
}

bool Client::fill(milliseconds wait) {
  pollfd ready{socket_, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(wait.count())) <= 0) return false;
  char bytes[16384];
  ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(size));
  return true;
}

Answer Client::read(std::string_view method) {
  Answer answer;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill(milliseconds(10'000))) return answer;
  answer.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  int status = std::stoi(answer.head.substr(9, 3));
  std::string length = answer.header("Content-Length");
  std::size_t size = method == "HEAD" || length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size)
    if (!fill(milliseconds(10'000))) return answer;
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  answer.status = status;
  return answer;
}

std::string Client::rest(milliseconds wait) {
  for (;;) {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(wait.count())) <= 0) return buffer_ + "(open)";
    if (!fill(wait)) return buffer_;
  }
}

bool Client::serves() { return ask(get("/healthz")).body == "well"; }

std::string get(std::string_view path, std::string_view lines) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(lines) + "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view lines) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(lines) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace latchkey::http::test
