#include "app/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "app/refusal.h"

namespace latchkey::app {
namespace {

/// An event loop has three, its set of client sockets is one, and its listeners are one or, on this machine,
/// two.
constexpr std::size_t per_loop = 6;
/// A reader of the embedded store has the file and its log open; on PostgreSQL a thread has two connections.
constexpr std::size_t per_way_to_the_store = 2;
/// Standard streams, the data directory's lock, the writer of the embedded store, the control socket, a
/// second listener.
constexpr std::size_t of_the_process = 32;
/// Mails, commands, backups: what comes and goes.
constexpr std::size_t passing = 32;
/// A server for fewer clients at a time is of no use.
constexpr std::size_t fewest_clients = 64;

std::size_t raise_soft_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    throw std::system_error(errno, std::system_category(), "the limit of open files");
  limit.rlim_cur = limit.rlim_max;
  // The kernel refuses it above a maximum of its own that was lowered meanwhile; then the soft limit stays.
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace

Descriptors share_out_descriptors(const Settings& settings, std::size_t threads) {
  const std::size_t for_threads = per_way_to_the_store * threads;
  const auto connections = static_cast<std::size_t>(settings.database.connections);
  const std::size_t store = settings.is_embedded() ? for_threads : for_threads + connections + 1;
  // Connections to PostgreSQL may be lost and made again at any time, when clients have taken their numbers;
  // files of the embedded store stay open. While they are open they have their place besides.
  const std::size_t reopened = settings.is_embedded() ? 0 : store;
  const Descriptors shares{.limit = raise_soft_limit(), .reserved = passing + reopened};
  const std::size_t needed = of_the_process + per_loop * threads + store + shares.reserved + fewest_clients;
  if (shares.limit >= needed) return shares;
  throw StartRefused("the process may open " + std::to_string(shares.limit) + " files and connections, and " +
                     std::to_string(threads) + " threads need at least " + std::to_string(needed) +
                     ": raise the hard limit (LimitNOFILE= in a systemd unit, --ulimit nofile= for a "
                     "container, ulimit -Hn in a shell), or set threads to fewer");
}

}  // namespace latchkey::app
