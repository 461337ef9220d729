#include "http/wire/listener.h"

#include <sys/socket.h>

#include <boost/asio/dispatch.hpp>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "http/wire/server.h"

namespace latchkey::http::wire {

namespace {

using asio::ip::tcp;

tcp::endpoint to_asio(const Endpoint& endpoint) {
  boost::system::error_code error;
  asio::ip::address address = asio::ip::make_address(endpoint.address, error);
  if (error) throw std::invalid_argument("\"" + endpoint.address + "\" is not an IP address");
  return {address, endpoint.port};
}

/// Throws std::system_error whose text says where.
void demand(const boost::system::error_code& error, const Endpoint& endpoint) {
  if (error) throw std::system_error(error, "cannot listen on " + to_string(endpoint));
}

}  // namespace

void refuse_shared_port(const Endpoint& endpoint) {
  if (endpoint.port == 0) return;
  asio::io_context io;
  tcp::endpoint address = to_asio(endpoint);
  asio::basic_socket_acceptor<tcp, IoExecutor> probe(io);
  boost::system::error_code error;
  probe.open(address.protocol(), error);
  demand(error, endpoint);
  probe.set_option(asio::socket_base::reuse_address(true), error);
  demand(error, endpoint);
  probe.bind(address, error);
  demand(error, endpoint);
  probe.listen(1, error);
  demand(error, endpoint);
}

struct Listener::State {
  std::shared_ptr<Server> server;
  Endpoint endpoint;
};

Listener::Listener(asio::io_context& io, const Router& router, const Clock& clock, Options options,
                   AccessHook access, Crowd& crowd)
    : state_(std::make_unique<State>()) {
  state_->server = std::make_shared<Server>(io, router, clock, std::move(options), std::move(access), crowd);
}

Listener::~Listener() { state_->server->abandon(); }

void Listener::open(const Endpoint& endpoint) {
  Acceptor& acceptor = state_->server->acceptor;
  tcp::endpoint address = to_asio(endpoint);
  boost::system::error_code error;
  acceptor.open(address.protocol(), error);
  demand(error, endpoint);
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  demand(error, endpoint);
  int on = 1;
  if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    error.assign(errno, boost::system::system_category());
  demand(error, endpoint);
  // The sockets that are accepted inherit it.
  acceptor.set_option(tcp::no_delay(true), error);
  demand(error, endpoint);
  acceptor.bind(address, error);
  demand(error, endpoint);
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  demand(error, endpoint);
  acceptor.native_non_blocking(true, error);
  demand(error, endpoint);
  tcp::endpoint local = acceptor.local_endpoint();
  state_->endpoint = {local.address().to_string(), local.port()};
  state_->server->start();
}

Endpoint Listener::endpoint() const { return state_->endpoint; }

std::size_t Listener::connections() const { return state_->server->open.size(); }

void Listener::stop(std::chrono::milliseconds grace, std::function<void()> done) {
  // The server, not this listener, is kept alive here: `done` may destroy the listener.
  asio::dispatch(state_->server->io, [server = state_->server, grace, done = std::move(done)]() mutable {
    server->stop(grace, std::move(done));
  });
}

}  // namespace latchkey::http::wire
