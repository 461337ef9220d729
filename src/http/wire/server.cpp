#include "http/wire/server.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>

#include "base/log.h"
#include "http/counters.h"
#include "http/wire/connection.h"

namespace latchkey::http::wire {

namespace {

constexpr asio::use_awaitable_t<IoExecutor> use_task{};

using boost::system::error_code;
using std::chrono::milliseconds;

constexpr auto accept_pause = milliseconds(100);
/// The event loop has more to do than to accept.
constexpr std::size_t accepts_in_a_turn = 64;
/// After the grace, what the coroutines of cut connections may take to end.
constexpr auto last_moment = milliseconds(250);

milliseconds choose_sweep_interval(const Timeouts& timeouts) {
  milliseconds shortest = std::min({timeouts.head, timeouts.body, timeouts.idle, timeouts.write});
  return std::clamp(shortest / 8, milliseconds(5), milliseconds(250));
}

Task<> run_connection(std::unique_ptr<Connection> connection) { co_await connection->run(); }

void note_end(std::exception_ptr fault) {
  if (!fault) return;
  try {
    std::rethrow_exception(fault);
  } catch (const std::exception& error) {
    log::error("http.connection_failed", {{"why", error.what()}});
  } catch (...) {
    log::error("http.connection_failed");
  }
}

/// A server that accepts nothing, or forgets its deadlines, is worse than one that ends and is started again.
void end_with(std::exception_ptr fault) {
  if (fault) std::rethrow_exception(fault);
}

}  // namespace

Server::Server(asio::io_context& io_context, const Router& routes, const Clock& time, Options chosen,
               AccessHook hook, Crowd& all)
    : io(io_context),
      poller(Poller::of(io_context)),
      crowd(all),
      router(routes),
      clock(time),
      options(std::move(chosen)),
      access(std::move(hook)),
      cors(options.cors_origins),
      kept_lines(keep_alive_lines(options.timeouts.idle)),
      acceptor(io_context),
      swept_at(SteadyClock::now()),
      sweep_interval(choose_sweep_interval(options.timeouts)),
      sweep_timer_(io_context),
      accept_timer_(io_context),
      drain_timer_(io_context) {
  bool guarded = std::any_of(router.routes().begin(), router.routes().end(),
                             [](const Route& route) { return route.access != 0; });
  if (guarded && !access) throw std::logic_error("routes with an access level, and no hook that asks for it");
}

void Server::start() {
  crowd.join(this, [self = weak_from_this(), this](Crowd::Need need) {
    if (asked_[static_cast<std::size_t>(need)].exchange(true)) return;
    asio::post(io, [self, need] {
      if (const auto server = self.lock()) server->give_up(need);
    });
  });
  asio::co_spawn(io, accept_loop(shared_from_this()), end_with);
  asio::co_spawn(io, sweep_loop(shared_from_this()), end_with);
}

void Server::add(Connection& connection) {
  connection.index_in_server = open.size();
  open.push_back(&connection);
  counters::connections_open.add(1);
}

void Server::remove(Connection& connection) {
  open[connection.index_in_server] = open.back();
  open[connection.index_in_server]->index_in_server = connection.index_in_server;
  open.pop_back();
  counters::connections_open.add(-1);
  if (draining && open.empty()) drain_timer_.cancel();
}

void Server::serve(Descriptor descriptor, std::string address, Crowd::Place place) {
  counters::connections_accepted.add();
  auto connection = std::make_unique<Connection>(shared_from_this(), std::move(descriptor),
                                                 std::move(address), std::move(place));
  asio::co_spawn(io, run_connection(std::move(connection)), note_end);
}

error_code Server::accept_one() {
  asio::ip::tcp::endpoint peer;
  auto size = static_cast<socklen_t>(peer.capacity());
  Descriptor accepted(::accept4(acceptor.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!accepted.is_open()) return {errno, boost::system::system_category()};
  peer.resize(size);
  std::string address = canonical_address(peer.address().to_string());
  Crowd::Holder holder;
  // Providers hand out at least that much of IPv6 to one customer, and some of them much more.
  if (!options.trusted_proxies.contains(address)) holder = ClientNetwork::of(address).site();
  if (!draining && is_last_resort(accepted.number()) && !make_room()) {
    // What can be given up may belong to other listeners.
    crowd.ask_all(Crowd::Need::connections);
    return make_error_code(boost::system::errc::too_many_files_open);
  }
  std::optional<Crowd::Place> place = crowd.enter(holder);
  if (!place) {
    counters::connections_refused.add();
    report("refused", "as many connections as one client may have", address);
    return {};
  }
  try {
    serve(std::move(accepted), std::move(address), std::move(*place));
  } catch (const std::system_error& refused) {
    return {refused.code().value(), boost::system::system_category()};
  } catch (const std::bad_alloc&) {
    return make_error_code(boost::system::errc::not_enough_memory);
  }
  return {};
}

Task<> Server::accept_loop(std::shared_ptr<Server> self) {
  std::size_t in_this_turn = 0;
  while (self->acceptor.is_open()) {
    error_code error;
    bool full = self->open.size() >= self->options.limits.connections;
    if (!full) {
      if (in_this_turn++ < accepts_in_a_turn)
        error = self->accept_one();
      else
        error = asio::error::would_block;
      if (!error) continue;
      if (error == asio::error::would_block) {
        in_this_turn = 0;
        co_await self->acceptor.async_wait(Acceptor::wait_read, asio::redirect_error(use_task, error));
        continue;
      }
      // The client gave up while it waited: not our trouble.
      if (error == asio::error::connection_aborted) continue;
      counters::connections_refused.add();
      self->report_trouble(error.message().c_str());
    }
    self->make_room();
    // Nothing is gained by asking again at once (security case Z38).
    self->accept_timer_.expires_after(accept_pause);
    co_await self->accept_timer_.async_wait(asio::redirect_error(use_task, error));
  }
}

bool Server::is_last_resort(int descriptor) const {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  rlim_t reserve = options.limits.reserved_descriptors;
  // Who lowers the limit of a running server leaves no room for all that; some clients are still served.
  if (limit.rlim_cur < options.limits.descriptors) reserve = std::min(reserve, limit.rlim_cur / 8);
  return static_cast<rlim_t>(descriptor) >= limit.rlim_cur - reserve;
}

void Server::report_trouble(const char* what) {
  auto now = SteadyClock::now();
  if (now - reported_at_ < between_reports) return;
  reported_at_ = now;
  log::warn("http.accept_failed", {{"why", what}, {"connections", open.size()}});
}

Task<> Server::sweep_loop(std::shared_ptr<Server> self) {
  while (self->acceptor.is_open() || !self->open.empty()) {
    error_code error;
    self->sweep_timer_.expires_after(self->sweep_interval);
    co_await self->sweep_timer_.async_wait(asio::redirect_error(use_task, error));
    if (error) break;
    self->swept_at = SteadyClock::now();
    for (Connection* connection : self->open) connection->sweep();
  }
}

void Server::abandon() {
  error_code ignored;
  crowd.part(this);
  acceptor.close(ignored);
  accept_timer_.cancel();
  sweep_timer_.cancel();
}

void Server::stop(milliseconds grace, std::function<void()> done) {
  if (draining) return;
  draining = true;
  done_ = std::move(done);
  error_code ignored;
  // Who waits in the kernel's queue has been promised a connection; closing the acceptor would reset it.
  while (acceptor.is_open() && (!ignored || ignored == asio::error::connection_aborted))
    ignored = accept_one();
  acceptor.close(ignored);
  accept_timer_.cancel();
  swept_at = SteadyClock::now();
  for (Connection* connection : open) connection->drain();
  asio::co_spawn(io, drain_loop(shared_from_this(), grace), end_with);
}

Task<> Server::drain_loop(std::shared_ptr<Server> self, milliseconds grace) {
  error_code error;
  self->drain_timer_.expires_after(grace);
  if (!self->open.empty()) co_await self->drain_timer_.async_wait(asio::redirect_error(use_task, error));
  if (!self->open.empty()) {
    log::warn("http.connections_cut", {{"connections", self->open.size()}});
    for (Connection* connection : self->open) connection->cut();
    self->drain_timer_.expires_after(last_moment);
    co_await self->drain_timer_.async_wait(asio::redirect_error(use_task, error));
  }
  self->sweep_timer_.cancel();
  std::function<void()> done = std::move(self->done_);
  if (done) done();
}

}  // namespace latchkey::http::wire
