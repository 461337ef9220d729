// Sends one kind of request over many kept connections from one thread, and says how fast the answers came,
// how late, and how much CPU the server used for them.
//
//   load --port P --request FILE [--connections N] [--seconds S] [--warmup S] [--pid SERVER] [--rate R]
//   [--count N]
//        [--hold yes] [--source ADDRESS] and what load_requests.h reads
//
// Without --rate each connection asks again as soon as it was answered (a closed loop: the latencies are
// those of a saturated server) and never sleeps: waking a client costs the server that answers it some
// microseconds, which on a network it would not pay. With --rate requests fall due at even distances whatever
// the server does, and latency counts from that moment, so that a stall is counted for everyone who would
// have met it. --count ends after so many answers instead of a time. --hold keeps the connections open, after
// one line on standard output, until standard input ends. --source is the client's address, such as
// 127.0.0.2.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/scheduling.h"
#include "load_requests.h"
#include "measure.h"

namespace latchkey::bench {
namespace {

struct Connection {
  int fd = -1;
  double due = 0;
  bool waits = false;
  std::string input;
};

/// What came back between the end of the warm-up and the end of the measured time.
struct Results {
  std::array<std::uint64_t, 600> by_status{};
  std::vector<float> latencies;
  std::uint64_t reconnects = 0;
};

class Load {
 public:
  explicit Load(const Arguments& arguments)
      : arguments_(arguments),
        requests_(arguments),
        port_(static_cast<std::uint16_t>(arguments.count("port", 0))),
        rate_(arguments.number("rate", 0)),
        count_(arguments.count("count", std::numeric_limits<std::uint64_t>::max())),
        connections_(arguments.count("connections", 64)) {
    const rlimit files{65536, 65536};
    ::setrlimit(RLIMIT_NOFILE, &files);
    ::prctl(PR_SET_TIMERSLACK, 1);
    // What waits for its core is counted as the server's latency: ahead of the other loads there, and off it
    // soon where this one never sleeps.
    prefer_short_turns();
    for (Connection& connection : connections_) open(connection);
    results_.latencies.reserve(1 << 20);
  }

  int run() {
    const auto pid = static_cast<pid_t>(arguments_.count("pid", 0));
    const double seconds = arguments_.has("count") ? 1e9 : arguments_.number("seconds", 3);
    begin_ = now_seconds();
    run_until(begin_ + (arguments_.has("count") ? 0 : arguments_.number("warmup", 0.5)));
    results_ = Results{};
    results_.latencies.reserve(1 << 20);
    const double cpu_before = cpu_seconds_of(pid);
    const double own_before = own_cpu_seconds() - looked_in_vain_;
    const double delay_before = own_delay_seconds();
    const double start = now_seconds();
    run_until(start + seconds);
    const double took = now_seconds() - start;
    // Never below nothing, which a look that was interrupted for long could make of it.
    const double own = std::max(0.0, own_cpu_seconds() - looked_in_vain_ - own_before);
    const double delay = own_delay_seconds() - delay_before;
    const double cpu = cpu_seconds_of(pid) - cpu_before;
    const Results measured = std::move(results_);
    results_ = Results{};
    drain();
    requests_.save();
    print(measured, took, cpu, own, delay);
    if (arguments_.has("hold")) {
      std::fflush(stdout);
      char byte = 0;
      while (::read(STDIN_FILENO, &byte, 1) > 0) {
      }
    }
    return 0;
  }

 private:
  void open(Connection& connection) {
    connection.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    if (arguments_.has("source")) {
      const std::string source(arguments_.text("source"));
      if (::inet_pton(AF_INET, source.c_str(), &address.sin_addr) != 1)
        give_up("--source is no IPv4 address");
      address.sin_port = 0;
      if (::bind(connection.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        give_up(std::string("cannot use --source: ") + std::strerror(errno));
      address.sin_port = htons(port_);
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      give_up(std::string("can not connect: ") + std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    // By edges: epoll need not look at each socket a second time after it was read. Who reads less than there
    // was room for has read everything, but for an end that came with it, which EPOLLRDHUP tells.
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &connection;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    connection.input.clear();
    connection.waits = false;
    idle_.push_back(&connection);
  }

  bool ended(double end) const { return (sent_ >= count_ && waiting_ == 0) || now_seconds() >= end; }

  void run_until(double end) {
    while (!ended(end)) {
      send_due();
      wait(end);
    }
  }

  /// Sends to idle connections what is due by now. `sent_` numbers the requests, so that the n-th falls due
  /// at n / rate.
  void send_due() {
    while (!idle_.empty() && sent_ < count_) {
      const double now = now_seconds();
      const double due = rate_ > 0 ? begin_ + static_cast<double>(sent_) / rate_ : now;
      if (due > now || !requests_.next(output_)) return;
      Connection& connection = *idle_.back();
      idle_.pop_back();
      connection.due = due;
      connection.waits = true;
      ++sent_;
      ++waiting_;
      if (::send(connection.fd, output_.data(), output_.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(output_.size())) {
        reconnect(connection);
      }
    }
  }

  void wait(double end) {
    double until = std::min(end, now_seconds() + 0.1);
    if (rate_ > 0 && !idle_.empty()) until = std::min(until, begin_ + static_cast<double>(sent_) / rate_);
    const double before = now_seconds();
    const double left = rate_ > 0 ? std::max(0.0, until - before) : 0;
    const auto nanoseconds = static_cast<long>(left * 1e9);
    const timespec timeout{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    std::array<epoll_event, 256> events;
    const int ready =
        ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (rate_ <= 0 && ready == 0) looked_in_vain_ += now_seconds() - before;
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      receive(*static_cast<Connection*>(event.data.ptr), (event.events & ~EPOLLIN) != 0);
    }
  }

  void receive(Connection& connection, bool may_have_ended) {
    std::array<char, 16384> piece;
    for (;;) {
      const ssize_t got = ::recv(connection.fd, piece.data(), piece.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) {
        reconnect(connection);
        return;
      }
      take_piece(connection, {piece.data(), static_cast<std::size_t>(got)});
      if (static_cast<std::size_t>(got) < piece.size() && !may_have_ended) return;
    }
  }

  void take_piece(Connection& connection, std::string_view arrived) {
    if (connection.input.empty() && take_answer(connection, arrived)) return;
    connection.input.append(arrived);
    if (take_answer(connection, connection.input)) connection.input.clear();
  }

  /// False while the answer is not complete.
  bool take_answer(Connection& connection, std::string_view input) {
    const std::size_t head = input.find("\r\n\r\n");
    if (head == std::string_view::npos || input.size() < 12) return false;
    constexpr std::string_view length_name = "\r\nContent-Length: ";
    const std::size_t length_at = input.substr(0, head).find(length_name);
    std::size_t length = 0;
    if (length_at != std::string_view::npos) {
      std::from_chars(input.data() + length_at + length_name.size(), input.data() + head, length);
    }
    if (input.size() < head + 4 + length) return false;
    int status = 0;
    std::from_chars(input.data() + 9, input.data() + 12, status);
    requests_.take_answer(status, input.substr(head + 4, length));
    finish(connection, status);
    idle_.push_back(&connection);
    return true;
  }

  void finish(Connection& connection, int status) {
    if (!connection.waits) give_up("an answer that nobody asked for");
    connection.waits = false;
    --waiting_;
    results_.latencies.push_back(static_cast<float>((now_seconds() - connection.due) * 1e6));
    ++results_.by_status[static_cast<std::size_t>(std::clamp(status, 0, 599))];
  }

  /// The server closed the connection; what it owed counts as an answer of status 0.
  void reconnect(Connection& connection) {
    ++results_.reconnects;
    if (connection.waits) {
      finish(connection, 0);
    } else {
      idle_.erase(std::remove(idle_.begin(), idle_.end(), &connection), idle_.end());
    }
    ::close(connection.fd);
    open(connection);
  }

  /// Lets what is on its way arrive, for a while, so that no token is lost.
  void drain() {
    count_ = sent_;
    const double end = now_seconds() + 5;
    while (waiting_ != 0 && now_seconds() < end) wait(end);
  }

  static void print(const Results& results, double took, double server_cpu, double own_cpu,
                    double own_delay) {
    std::vector<float> latencies = results.latencies;
    std::sort(latencies.begin(), latencies.end());
    const auto percentile = [&](double share) {
      if (latencies.empty()) return 0.0;
      const auto place = static_cast<std::size_t>(share * static_cast<double>(latencies.size()));
      return static_cast<double>(latencies[std::min(place, latencies.size() - 1)]);
    };
    const auto answers = static_cast<double>(latencies.size());
    std::uint64_t good = 0;
    std::string statuses;
    for (std::size_t status = 0; status < results.by_status.size(); ++status) {
      if (results.by_status[status] == 0) continue;
      if (status >= 200 && status < 300) good += results.by_status[status];
      statuses += (statuses.empty() ? "\"" : ", \"") + std::to_string(status) +
                  "\": " + std::to_string(results.by_status[status]);
    }
    const auto successes = static_cast<double>(good);
    std::printf(
        "{\"seconds\": %.3f, \"operations\": %.0f, \"per_second\": %.1f, \"good\": %.0f, "
        "\"good_per_second\": %.1f, "
        "\"cpu_us\": %.3f, \"cores_busy\": %.3f, \"load_cores_busy\": %.3f, \"load_waits\": %.3f, "
        "\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, "
        "\"reconnects\": %llu, \"statuses\": {%s}}\n",
        took, answers, answers / took, successes, successes / took,
        successes > 0 ? server_cpu / successes * 1e6 : 0.0, server_cpu / took, own_cpu / took,
        own_delay / took, percentile(0.5), percentile(0.9), percentile(0.99), percentile(0.999),
        percentile(1), static_cast<unsigned long long>(results.reconnects), statuses.c_str());
  }

  const Arguments& arguments_;
  Requests requests_;
  const std::uint16_t port_;
  const double rate_;
  std::uint64_t count_;
  double begin_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t waiting_ = 0;
  double looked_in_vain_ = 0;  ///< seconds of a closed loop in which no answer was there
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Connection> connections_;
  std::vector<Connection*> idle_;
  std::string output_;
  Results results_;
};

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) {
  const latchkey::bench::Arguments arguments(argc, argv);
  latchkey::bench::Load load(arguments);
  return load.run();
}
