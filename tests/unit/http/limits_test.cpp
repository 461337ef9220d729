// Limits, deadlines and the life of a listener, over real sockets.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "unit/http/live.h"

namespace latchkey::http::test {
namespace {

using Steady = std::chrono::steady_clock;

Options impatient() {
  Options options;
  options.timeouts = {milliseconds(200), milliseconds(200), milliseconds(200), milliseconds(200)};
  return options;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) != -1;
  return count;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_can_be_measured = false;  // what is freed stays in the sanitizer's quarantine
#else
constexpr bool memory_can_be_measured = true;
#endif

std::size_t resident_kib() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * 4;
}

/// Whether `condition` holds within five seconds.
template <class Condition>
bool eventually(Condition condition) {
  for (auto until = Steady::now() + std::chrono::seconds(5); Steady::now() < until;) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

TEST(HttpLimits, H10BoundsTheHead) {
  LiveServer server;
  struct Case {
    std::string bytes;
    int status;
  };
  std::string many = "GET /healthz HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 10'000; ++i) many += "a: b\r\n";
  for (const Case& c :
       {Case{"GET /" + std::string(65'536, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        Case{"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + std::string(65'536, 'a') + "\r\n\r\n", 431},
        Case{"GET /healthz HTTP/1.1\r\nX: " + std::string(1'000'000, 'a'), 431}, Case{many + "\r\n", 431}}) {
    Client client(server);
    Answer answer = client.ask(c.bytes);
    EXPECT_EQ(answer.status, c.status);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_EQ(client.rest(), "");
  }
  Client client(server);
  EXPECT_EQ(client.ask(get("/healthz?" + std::string(8'000, 'a'))).status, 200);
}

TEST(HttpLimits, H09BoundsBodies) {
  LiveServer server;
  Client sized(server);
  EXPECT_EQ(sized.ask(post("/echo", std::string(70'000, 'x'))).status, 413);
  EXPECT_EQ(sized.rest(), "");
  Client endless(server);
  endless.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  std::string chunk = "1000\r\n" + std::string(4096, 'x') + "\r\n";
  std::size_t before = resident_kib();
  for (int i = 0; i < 262'144 && endless.send(chunk); ++i) continue;
  EXPECT_EQ(endless.read().status, 413);
  EXPECT_EQ(endless.rest(), "");
  if (memory_can_be_measured) {
    EXPECT_LT(resident_kib(), before + 16 * 1024);
  }
}

TEST(HttpLimits, ManyPipelinedAnswersAreSentInBoundedBatches) {
  Options options;
  options.limits.batch = 2000;
  LiveServer server(options);
  Client client(server);
  std::string batch;
  for (int i = 0; i < 200; ++i) batch += get("/item/" + std::to_string(i));
  client.send(batch);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.read().body, std::to_string(i));
}

TEST(HttpTimeouts, Z33ASlowHeadIsAnswered408AndAQuietConnectionIsClosed) {
  LiveServer server(impatient());
  Client quiet(server);
  Client slow(server);
  slow.send("GET /healthz HTTP/1.1\r\nHo");
  EXPECT_EQ(slow.read().status, 408);
  EXPECT_EQ(slow.rest(), "");
  EXPECT_EQ(quiet.rest(), "");
  Client drip(server);
  bool taken = true;
  for (int i = 0; i < 60 && taken; ++i) {
    taken = drip.send("a");
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(drip.read().status, 408);
}

TEST(HttpTimeouts, Z34ASlowBodyIsAnswered408) {
  LiveServer server(impatient());
  Client client(server);
  EXPECT_EQ(client
                .ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
                     "10\r\n\r\nabc")
                .status,
            408);
  EXPECT_EQ(client.rest(), "");
}

TEST(HttpTimeouts, AnIdleConnectionIsClosedWithoutAWord) {
  LiveServer server(impatient());
  Client client(server);
  EXPECT_TRUE(client.serves());
  EXPECT_EQ(client.rest(), "");
}

TEST(HttpTimeouts, F21AConnectionServesForAsLongAsItsAnswersPromise) {
  Options options;
  options.timeouts.idle = milliseconds(2500);
  LiveServer server(options);
  Client client(server);
  for (int i = 0; i < 2; ++i) {
    Answer answer = client.ask(get("/healthz"));
    ASSERT_EQ(answer.header("Keep-Alive"), "timeout=1");
    std::this_thread::sleep_for(milliseconds(1000));
  }
  EXPECT_TRUE(client.serves());
}

TEST(HttpTimeouts, Z34AClientThatDoesNotReadIsCut) {
  LiveServer server(impatient());
  Client client(server, 4096);
  client.send(get("/big"));
  // Accepted and being answered: before that there is no connection either.
  ASSERT_TRUE(client.has_bytes());
  EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
  EXPECT_EQ(client.read().status, 0);
}

TEST(HttpTimeouts, AHandlerMayTakeLongerThanAnyOfThem) {
  LiveServer server(impatient());
  Client client(server);
  EXPECT_EQ(client.ask(get("/slow")).body, "slow");
}

TEST(HttpTimeouts, Z36AQuietConnectionGivesItsMemoryBackAndStillServes) {
  LiveServer server;
  Client used(server);
  Client fresh(server);
  EXPECT_TRUE(used.serves());
  std::this_thread::sleep_for(milliseconds(2000));
  EXPECT_TRUE(used.serves());
  EXPECT_TRUE(fresh.serves());
  EXPECT_TRUE(used.serves());
}

TEST(HttpConnection, H24ManyRequestsAndResetsLeaveNothingBehind) {
  LiveServer server;
  {
    Client client(server);
    for (int i = 0; i < 500; ++i) client.ask(get("/healthz"));
    std::size_t before = resident_kib();
    for (int i = 0; i < 10'000; ++i) ASSERT_EQ(client.ask(get("/healthz")).status, 200);
    if (memory_can_be_measured) {
      EXPECT_LT(resident_kib(), before + 1024);
    }
    client.send(get("/big"));
    client.reset();
  }
  std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 50; ++i) {
    Client client(server);
    client.send(i % 10 == 0 ? get("/big") : get("/slow"));
    client.reset();
  }
  EXPECT_TRUE(eventually([&] { return server.connections() == 0 && open_descriptors() <= descriptors; }));
  Client client(server);
  EXPECT_TRUE(client.serves());
}

TEST(HttpConnection, H24AResetWhileAnswersWaitEndsTheConnectionAtOnce) {
  LiveServer server;
  std::string batch;
  for (int i = 0; i < 500; ++i) batch += get("/healthz");
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(server, 4096));
    clients.back()->send_until_full(batch);
  }
  for (const auto& client : clients) client->reset();
  EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
}

TEST(HttpConnection, AHalfClosedClientStillGetsItsAnswers) {
  LiveServer server;
  Client client(server);
  client.send(get("/slow") + get("/healthz"));
  client.end_sending();
  EXPECT_EQ(client.read().body, "slow");
  EXPECT_EQ(client.read().body, "well");
  EXPECT_EQ(client.rest(), "");
}

TEST(HttpListener, Z38RunsOutOfDescriptorsWithoutSpinningAndRecovers) {
  LiveServer server;
  rlimit saved{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &saved), 0);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(std::make_unique<Client>(server));
  for (const auto& client : clients) EXPECT_TRUE(client->serves());
  // The client's own descriptor exists, the server's can not be made.
  int next = ::dup(0);
  ::close(next);
  rlimit tight{static_cast<rlim_t>(next) + 1, saved.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  Client waiting(server);
  rusage began{};
  ::getrusage(RUSAGE_SELF, &began);
  std::this_thread::sleep_for(milliseconds(500));
  rusage ended{};
  ::getrusage(RUSAGE_SELF, &ended);
  auto busy = (ended.ru_utime.tv_sec - began.ru_utime.tv_sec) * 1000 +
              (ended.ru_utime.tv_usec - began.ru_utime.tv_usec) / 1000 +
              (ended.ru_stime.tv_sec - began.ru_stime.tv_sec) * 1000 +
              (ended.ru_stime.tv_usec - began.ru_stime.tv_usec) / 1000;
  EXPECT_LT(busy, 200);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &saved), 0);
  EXPECT_TRUE(waiting.serves());
}

TEST(HttpListener, MakesRoomByClosingWhatIsIdleLongest) {
  Options options;
  options.limits.connections = 2;
  LiveServer server(options);
  Client idle(server);
  EXPECT_TRUE(idle.serves());
  Client other(server);
  EXPECT_TRUE(other.serves());
  Client third(server);
  EXPECT_TRUE(third.serves());
  EXPECT_EQ(idle.rest(), "");
}

TEST(HttpListener, Z44AStopFinishesWhatIsInFlight) {
  LiveServer server;
  Client busy(server);
  Client half(server);
  Client fresh(server);
  Client idle(server);
  EXPECT_TRUE(idle.serves());
  busy.send(get("/slow") + get("/healthz"));
  half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return server.connections() == 4; }));
  std::this_thread::sleep_for(milliseconds(100));
  server.begin_stop(milliseconds(5000));
  EXPECT_TRUE(eventually([&] {
    try {
      Client late(server);
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  }));
  // A request on a connection that was accepted before is still answered.
  Answer answer = fresh.ask(get("/healthz"));
  EXPECT_EQ(answer.body, "well");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(idle.ask(get("/healthz")).header("Connection"), "close");
  EXPECT_EQ(half.ask("{}").body, "{}");
  Answer slow = busy.read();
  EXPECT_EQ(slow.body, "slow");
  EXPECT_EQ(slow.header("Connection"), "close");
  EXPECT_TRUE(busy.is_closed());
  EXPECT_TRUE(eventually([&] { return server.stopped(); }));
}

TEST(HttpListener, Z44AStopDoesNotWaitForIdleConnectionsNorForever) {
  {
    LiveServer server;
    EXPECT_LT(server.stop(milliseconds(5000)), milliseconds(500));
  }
  {
    LiveServer server;
    Client idle(server);
    EXPECT_TRUE(idle.serves());
    EXPECT_LT(server.stop(milliseconds(5000)), milliseconds(2500));
    EXPECT_EQ(idle.rest(), "");
  }
  LiveServer server;
  Client stuck(server);
  stuck.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return server.connections() == 1; }));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_LT(server.stop(milliseconds(300)), milliseconds(1500));
}

TEST(HttpListener, Z44AClientThatAlwaysHasAnotherRequestKeepsNobodyWaiting) {
  LiveServer server;
  Client flood(server);
  std::atomic<bool> over{false};
  std::string batch;
  for (int i = 0; i < 100; ++i) batch += get("/busy");
  std::thread sender([&] {
    while (!over && flood.send(batch)) continue;
  });
  std::string answers;
  std::thread reader([&] { answers = flood.rest(); });
  for (int i = 0; i < 20; ++i) {
    Client other(server);
    EXPECT_TRUE(other.serves());
  }
  server.stop(milliseconds(200));
  over = true;
  sender.join();
  reader.join();
  // By its work, not by the clock: how many of the flood's requests went before each of the others'.
  std::size_t flooded = 0;
  for (std::size_t at = 0; (at = answers.find("HTTP/1.1 200", at)) != std::string::npos; ++at) ++flooded;
  EXPECT_GT(flooded, 0U);
  EXPECT_LT(flooded, 20U * 2000U);
}

TEST(HttpListener, Z44NoAcceptedRequestIsLostByAStop) {
  for (int round = 0; round < 20; ++round) {
    LiveServer server;
    std::atomic<int> failed{0};
    std::atomic<int> connected{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        Client client(server);
        ++connected;
        for (;;) {
          Answer answer = client.ask(get("/item/1"));
          if (answer.status != 200) ++failed;
          if (answer.status != 200 || answer.header("Connection") == "close") return;
        }
      });
    }
    while (connected < 4) std::this_thread::sleep_for(milliseconds(1));
    std::this_thread::sleep_for(milliseconds(20));
    server.stop(milliseconds(5000));
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(failed, 0);
  }
}

TEST(HttpListener, SharesAPortAmongItsOwnAndNotWithAStranger) {
  wire::Crowd crowd({});
  asio::io_context io{1};
  Router router(live_routes());
  Clock clock;
  wire::Listener first(io, router, clock, {}, live_access, crowd);
  first.open({"127.0.0.1", 0});
  Endpoint endpoint = first.endpoint();
  wire::Listener second(io, router, clock, {}, live_access, crowd);
  second.open(endpoint);
  EXPECT_THROW(wire::refuse_shared_port(endpoint), std::system_error);
  EXPECT_THROW(wire::Listener(io, router, clock, {}, {}, crowd), std::logic_error);
}

}  // namespace
}  // namespace latchkey::http::test
