#pragma once

#include <array>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/time.h"
#include "http/cors.h"
#include "http/options.h"
#include "http/route.h"
#include "http/router.h"
#include "http/wire/crowd.h"
#include "http/wire/descriptor.h"
#include "http/wire/poller.h"
#include "http/wire/write_response.h"

namespace latchkey::http::wire {

using SteadyClock = std::chrono::steady_clock;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, IoExecutor>;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, IoExecutor>;

class Connection;

/// What the connections of one listener share, and the loops that feed and watch them. All of it lives on one
/// thread. The loops and the connections own it together, so that it outlasts whichever of them ends last.
class Server : public std::enable_shared_from_this<Server> {
 public:
  Server(asio::io_context& io, const Router& router, const Clock& clock, Options options, AccessHook access,
         Crowd& crowd);

  /// Starts both loops on the bound acceptor.
  void start();
  void stop(std::chrono::milliseconds grace, std::function<void()> done);
  /// Ends the loops without waiting for anything.
  void abandon();

  void add(Connection& connection);
  void remove(Connection& connection);

  asio::io_context& io;
  Poller& poller;
  Crowd& crowd;
  const Router& router;
  const Clock& clock;
  const Options options;
  const AccessHook access;
  const Cors cors;
  const std::string kept_lines;  ///< lines for the answers after which a connection stays
  Acceptor acceptor;
  RequestIds ids;
  HttpDate date;
  std::vector<Connection*> open;
  bool draining = false;

  /// The time of the last sweep. Deadlines are reckoned from it, so that no request has to read a clock for
  /// them.
  SteadyClock::time_point swept_at;
  /// How often deadlines are looked at.
  std::chrono::milliseconds sweep_interval;

 private:
  static constexpr auto between_reports = std::chrono::seconds(10);

  static Task<> accept_loop(std::shared_ptr<Server> self);
  static Task<> sweep_loop(std::shared_ptr<Server> self);
  static Task<> drain_loop(std::shared_ptr<Server> self, std::chrono::milliseconds grace);

  /// Accepts and serves one of those who wait in the kernel's queue; `would_block` when nobody does.
  boost::system::error_code accept_one();
  void serve(Descriptor descriptor, std::string address, Crowd::Place place);
  /// Whether so few file descriptors are left that those must stay for the database and the log (security
  /// case Z38).
  bool is_last_resort(int descriptor) const;
  /// Closes connections because new ones wait for room: those of clients that hold more than others,
  /// whichever client waits; if no client does, those that have been quiet longest. False when none could be
  /// given up.
  bool make_room();
  /// Gives up connections while all together hold too much memory: of those who hold most, the largest first.
  void give_up_memory();
  void give_up(Crowd::Need need);
  void report(const char* what, const char* why, const std::string& address);
  void report_trouble(const char* what);

  Timer sweep_timer_;
  Timer accept_timer_;
  Timer drain_timer_;
  std::function<void()> done_;
  SteadyClock::time_point reported_at_;
  SteadyClock::time_point reported_client_at_;
  std::array<std::atomic<bool>, 2> asked_{};  ///< by any thread, to give up what a Crowd::Need names
};

}  // namespace latchkey::http::wire
