// F34: answers that refuse who asks too much go out at a bounded rate for each client. The paces of these
// tests are so slow that an answer which waits would wait for an hour, so no test depends on how fast the
// machine is.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "http/counters.h"
#include "http/wire/crowd.h"
#include "unit/http/live.h"

namespace latchkey::http::test::refusal_pace_test {
namespace {

using namespace std::chrono_literals;
using Clients = std::vector<std::unique_ptr<Client>>;

constexpr Timestamp start{1'800'000'000s};
constexpr Rate two_an_hour{.count = 2, .per = 1h};

template <class Condition>
bool eventually(Condition condition) {
  for (auto until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

/// Two refusals go out at once, further ones wait.
struct Paced {
  Options options(Microseconds longest = 1h) {
    Options options;
    options.timeouts.write = 80ms;  // the listener looks at its deadlines in an eighth of the shortest
    options.refusal_pace = {.buckets = &buckets, .rate = two_an_hour, .longest = longest};
    return options;
  }

  TokenBuckets buckets{{1, 2}};
};

std::string full(std::string_view lines = "") { return get("/full", lines); }

/// Connections with one request each.
Clients asking(const LiveServer& server, std::size_t count, std::string_view lines = "") {
  Clients clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->send(full(lines));
  }
  return clients;
}

/// The same, once they wait because the client has asked too often.
Clients pausing(const LiveServer& server, std::size_t count, std::string_view lines = "") {
  const auto before = counters::refusals_delayed.value();
  Clients clients = asking(server, count, lines);
  EXPECT_TRUE(eventually([&] { return counters::refusals_delayed.value() == before + count; }));
  for (auto& client : clients) EXPECT_FALSE(client->has_bytes(0ms));
  return clients;
}

void use_up(const LiveServer& server, std::string_view lines = "") {
  Client client(server);
  for (int i = 0; i < 2; ++i) {
    const Answer answer = client.ask(full(lines));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("Connection"), "keep-alive");
  }
}

TEST(RefusalPace, RL16_F34_IsOfAClientHoweverManyConnectionsItHas) {
  TokenBuckets buckets({1, 2});
  const RefusalPace pace{.buckets = &buckets, .rate = {.count = 10, .per = 1s}, .longest = 2s};
  const auto ask = [&](std::string_view address, Timestamp now = start) {
    return pause_of_refusal(pace, address, now);
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask("192.0.2.1"), 0s) << i;
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(ask("192.0.2.1"), i * 100ms) << i;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(ask("::ffff:192.0.2.1"), 2s) << "and no longer than that";
  EXPECT_EQ(ask("192.0.2.2"), 0s) << "another client";
  EXPECT_EQ(ask("192.0.2.1", start + 1s), 1100ms);
  EXPECT_EQ(ask("192.0.2.1", start + 1h), 0s) << "what it was refused is forgotten";
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask("2001:db8:7:1::1"), 0s);
  EXPECT_EQ(ask("2001:db8:7:2::1"), 100ms) << "a /48 is one client";
  EXPECT_EQ(pause_of_refusal({}, "192.0.2.1", start), 0s);
}

TEST(RefusalPace, RL16_F34_FurtherRefusalsWaitAndNothingElseDoes) {
  Paced paced;
  LiveServer server(paced.options());
  use_up(server);
  const Clients waiting = pausing(server, 3);
  Client other(server);
  EXPECT_TRUE(other.serves());
  EXPECT_EQ(other.ask(get("/denied")).status, 403) << "only who asks too much waits";
  EXPECT_EQ(other.ask(get("/lost")).status, 503);
  EXPECT_TRUE(eventually([&] { return server.connections() == 4; }));
}

TEST(RefusalPace, RL16_F34_AConnectionThatWaitsIsNotReadAndWhatWasDoneBeforeIsSent) {
  Paced paced;
  LiveServer server(paced.options());
  use_up(server);
  Client client(server);
  std::string requests = get("/healthz") + get("/item/7") + full();
  for (int i = 0; i < 1000; ++i) requests += full();
  client.send(requests);
  EXPECT_EQ(client.read().body, "well");
  EXPECT_EQ(client.read().body, "7");
  EXPECT_FALSE(client.has_bytes(100ms));
}

TEST(RefusalPace, RL16_F34_APauseEndsAndTheConnectionGoesOn) {
  Paced paced;
  LiveServer server(paced.options(300ms));
  use_up(server);
  Client client(server);
  client.send(full() + get("/healthz"));
  const Answer refused = client.read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(client.read().body, "well");
  EXPECT_TRUE(client.serves());
}

TEST(RefusalPace, RL16_Z44_F34_AStopEndsAllPausesAtOnce) {
  Paced paced;
  LiveServer server(paced.options());
  use_up(server);
  const Clients waiting = pausing(server, 20);
  server.begin_stop(milliseconds(60'000));
  for (const auto& client : waiting) EXPECT_EQ(client->read().status, 503);
  EXPECT_TRUE(eventually([&] { return server.stopped(); }));
}

TEST(RefusalPace, RL16_Z44_F34_WhoIsRefusedDuringAStopDoesNotWait) {
  Paced paced;
  LiveServer server(paced.options());
  use_up(server);
  Client busy(server);
  Client late(server);
  EXPECT_TRUE(late.serves());
  busy.send(get("/slow"));
  EXPECT_FALSE(busy.has_bytes(20ms));
  server.begin_stop(milliseconds(60'000));
  const Answer refused = late.ask(full());
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Connection"), "close");
  EXPECT_EQ(busy.read().body, "slow");
}

/// A client asks once too often and breaks off, as often as it may have connections.
void break_off(LiveServer& server, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    const Clients clients = pausing(server, 1);
    clients.front()->reset();
  }
}

TEST(RefusalPace, RL16_F34_WhoBreaksOffAndComesAgainIsNoFasterThanWhoWaits) {
  Paced paced;
  LiveServer server(paced.options(), {.connections_of_one_client = 6});
  use_up(server);
  ASSERT_TRUE(eventually([&] { return server.connections() == 0; }));
  break_off(server, 6);
  EXPECT_TRUE(Client(server).is_closed());
  EXPECT_EQ(server.connections(), 6U);
}

TEST(RefusalPace, RL16_F34_AClientThatGoesAwayFreesWhatItHeldWhenThePauseIsOver) {
  Paced paced;
  LiveServer server(paced.options(200ms), {.connections_of_one_client = 1});
  use_up(server);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(eventually([&] { return server.connections() == 0; }));
    break_off(server, 1);
  }
  ASSERT_TRUE(eventually([&] { return server.connections() == 0; }));
  EXPECT_TRUE(Client(server).serves());
}

TEST(RefusalPace, RL16_F34_BehindAProxyAnswersThatWaitCountForTheClientThatItNames) {
  Paced paced;
  Options options = paced.options();
  options.trusted_proxies = TrustedProxies(std::vector<std::string>{"127.0.0.1"});
  LiveServer server(std::move(options), {.connections_of_one_client = 5});
  const std::string_view one = "X-Forwarded-For: 192.0.2.1\r\n";
  const std::string_view another = "X-Forwarded-For: 192.0.2.2\r\n";
  use_up(server, one);
  const Clients waiting = pausing(server, 5, one);
  Client further(server);
  const Answer refused = further.ask(full(one));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Connection"), "close") << "no more answers of one client wait than that";
  EXPECT_TRUE(further.is_closed());
  use_up(server, another);
  server.begin_stop(milliseconds(60'000));
  for (const auto& client : waiting) EXPECT_EQ(client->read().status, 503);
}

TEST(RefusalPace, RL16_F34_AProxysConnectionIsItsOwnAgainAfterThePause) {
  Paced paced;
  Options options = paced.options(50ms);
  options.trusted_proxies = TrustedProxies(std::vector<std::string>{"127.0.0.1"});
  LiveServer server(std::move(options), {.connections_of_one_client = 1});
  const std::string_view one = "X-Forwarded-For: 192.0.2.1\r\n";
  use_up(server, one);
  Client first(server);
  Client second(server);
  for (Client* client : {&first, &second, &first, &second}) {
    const Answer refused = client->ask(full(one));
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("Connection"), "keep-alive");
  }
}

TEST(RefusalPace, RL16_F38_F34_ConnectionsThatWaitMakeRoomWhereItIsShort) {
  Paced paced;
  Options options = paced.options();
  options.limits.connections = 12;
  LiveServer server(std::move(options));
  use_up(server);
  ASSERT_TRUE(eventually([&] { return server.connections() == 0; }));
  const Clients waiting = asking(server, 12);
  EXPECT_TRUE(eventually([&] { return Client(server).serves(); }));
}

}  // namespace
}  // namespace latchkey::http::test::refusal_pace_test
