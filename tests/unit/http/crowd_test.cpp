#include "http/wire/crowd.h"

#include <gtest/gtest.h>

#include <vector>

#include "unit/http/live.h"

namespace latchkey::http::test {
namespace {

using wire::Crowd;

constexpr std::size_t cost = Crowd::cost_of_connection;

Crowd::Holder client(const char* address) { return ClientNetwork::of(address).site(); }

std::vector<Crowd::Place> places(Crowd& crowd, const char* address, std::size_t count) {
  std::vector<Crowd::Place> taken;
  for (std::size_t i = 0; i < count; ++i) taken.push_back(*crowd.enter(client(address)));
  return taken;
}

TEST(HttpCrowd, F38_OneClientHasItsNumberOfConnectionsAndOthersHaveTheirs) {
  Crowd crowd({.connections_of_one_client = 3});
  auto first = places(crowd, "192.0.2.1", 3);
  EXPECT_FALSE(crowd.enter(client("192.0.2.1")));
  EXPECT_TRUE(crowd.enter(client("192.0.2.2")));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(crowd.enter(Crowd::Holder())) << "a trusted proxy is nobody";
  first.pop_back();
  EXPECT_TRUE(crowd.enter(client("192.0.2.1")));
}

TEST(HttpCrowd, F38_ManyNetworksOfOneProviderOfIPv6AreOneClient) {
  Crowd crowd({.connections_of_one_client = 2});
  auto first = places(crowd, "2001:db8:1:1::1", 1);
  auto second = places(crowd, "2001:db8:1:2::1", 1);
  EXPECT_FALSE(crowd.enter(client("2001:db8:1:3::1")));
  EXPECT_TRUE(crowd.enter(client("2001:db8:2:3::1")));
}

TEST(HttpCrowd, F38_TheExcessIsWhatIsHeldAboveOneLevel) {
  Crowd crowd({});
  auto many = places(crowd, "192.0.2.1", 10);
  auto some = places(crowd, "192.0.2.2", 6);
  auto few = places(crowd, "192.0.2.3", 1);
  const auto level = [&](std::size_t amount) { return crowd.excess_of_connections(amount).level; };
  EXPECT_EQ(level(3), 7U);
  EXPECT_EQ(crowd.excess_of_connections(3).holders.size(), 1U);
  EXPECT_EQ(level(4), 6U);
  EXPECT_EQ(level(6), 5U);
  EXPECT_EQ(crowd.excess_of_connections(6).holders.size(), 2U);
  EXPECT_EQ(level(17), 0U);
  EXPECT_EQ(level(1000), 0U);
  EXPECT_EQ(crowd.excess_of_connections(1000).holders.size(), 3U);
}

TEST(HttpCrowd, F32_MemoryCountsForWhoeverHoldsThePlaceAndLeavesWithIt) {
  Crowd crowd({.connections_of_one_client = 1, .memory = 4 * cost});
  {
    std::optional<Crowd::Place> place = crowd.enter(client("192.0.2.1"));
    place->set_memory(2 * cost);
    EXPECT_EQ(crowd.share_of(client("192.0.2.1")).memory, 3 * cost);
    EXPECT_TRUE(place->count_as(client("192.0.2.2")));
    EXPECT_EQ(crowd.share_of(client("192.0.2.1")).memory, 0U);
    EXPECT_EQ(crowd.share_of(client("192.0.2.2")).memory, 3 * cost);
    std::optional<Crowd::Place> other = crowd.enter(client("192.0.2.3"));
    EXPECT_FALSE(other->count_as(client("192.0.2.2"))) << "that one has all it may have";
    EXPECT_EQ(other->holder(), client("192.0.2.3"));
    EXPECT_FALSE(crowd.is_over());
    place->set_memory(4 * cost);
    EXPECT_TRUE(crowd.is_over());
    EXPECT_TRUE(crowd.is_far_over());
    EXPECT_EQ(crowd.too_much(), 6 * cost - 4 * cost / 8 * 7);
    place->leave();
    EXPECT_EQ(crowd.share_of(client("192.0.2.2")).memory, 0U);
    place->set_memory(100 * cost);
    EXPECT_FALSE(crowd.is_over()) << "who has left counts no more";
  }
  EXPECT_EQ(crowd.too_much(), 0U);
  EXPECT_TRUE(crowd.excess_of_memory(1).holders.empty());
}

// Through a listener ---------------------------------------------------------------------------------

constexpr std::string_view json = "Content-Type: application/json\r\n";

std::string half_a_body(std::size_t sent, std::string_view lines = json) {
  std::string request = "POST /echo HTTP/1.1\r\nHost: x\r\n";
  request.append(lines).append("Content-Length: 60000\r\n\r\n").append(sent, 'x');
  return request;
}

TEST(HttpCrowd, F38_AConnectionTooManyIsClosedAndOneThatEndsMakesRoom) {
  LiveServer server({}, {.connections_of_one_client = 2});
  Client first(server);
  EXPECT_TRUE(first.serves());
  {
    Client second(server);
    EXPECT_TRUE(second.serves());
    EXPECT_TRUE(Client(server).is_closed());
    EXPECT_TRUE(first.serves() && second.serves());
  }
  while (server.connections() > 1) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(Client(server).serves());
}

TEST(HttpCrowd, F38_BehindAProxyBodiesThatAreStillToComeCountForTheClientThatItNames) {
  Options options;
  options.trusted_proxies = TrustedProxies(std::vector<std::string>{"127.0.0.1"});
  LiveServer server(std::move(options), {.connections_of_one_client = 2});
  const std::string lines = std::string(json) + "X-Forwarded-For: 192.0.2.1\r\n";
  Client first(server);
  Client second(server);
  Client third(server);
  Client other(server);
  first.send(half_a_body(10, lines));
  second.send(half_a_body(10, lines));
  EXPECT_FALSE(first.has_bytes(milliseconds(100)) || second.has_bytes(milliseconds(100)));
  const Answer refused = third.ask(half_a_body(10, lines));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(refused.header("Connection"), "close");
  other.send(half_a_body(10, std::string(json) + "X-Forwarded-For: 192.0.2.2\r\n"));
  EXPECT_EQ(other.ask(std::string(59'990, 'y')).status, 200);
  EXPECT_EQ(first.ask(std::string(59'990, 'y')).status, 200);
  EXPECT_TRUE(first.serves());
  Client again(server);
  again.send(half_a_body(10, lines));
  EXPECT_EQ(again.ask(std::string(59'990, 'y')).status, 200);
}

TEST(HttpCrowd, F32_BodiesTogetherStayWithinTheirMemoryAndTheLargestGoFirst) {
  constexpr std::size_t memory = 1024 * 1024;
  LiveServer server({}, {.memory = memory});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 60; ++i) {
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->send(half_a_body(59'000));
  }
  Client small(server);
  EXPECT_EQ(small.ask(post("/echo", "{}")).body, "{}");
  std::size_t open = 0;
  const auto count_open = [&] {
    open = 0;
    for (const auto& client : clients) open += client->has_bytes(milliseconds(0)) ? 0 : 1;
    return open;
  };
  // At most as many as fit, with what each connection costs besides.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (count_open() > memory / 60'000 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_LE(open, memory / 60'000);
  EXPECT_GE(open, 5U) << "no more than needed are given up";
  EXPECT_TRUE(small.serves());
}

TEST(HttpCrowd, Z34_MemoryFollowsWhatHasComeNotWhatWasAnnounced) {
  LiveServer server({}, {.memory = 1024 * 1024});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 60; ++i) {
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->send(half_a_body(10));
  }
  Client chunked(server);
  chunked.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n");
  for (const auto& client : clients) EXPECT_FALSE(client->has_bytes(milliseconds(2)));
  EXPECT_EQ(chunked.ask("0\r\n\r\n").body, "{}");
  EXPECT_EQ(clients.front()->ask(std::string(59'990, 'y')).status, 200);
}

TEST(HttpCrowd, Z34_LargeBodiesArriveWhole) {
  LiveServer server;
  Client client(server);
  std::string body(65'536, 'x');
  for (std::size_t i = 0; i < body.size(); i += 7) body[i] = static_cast<char>('a' + i % 26);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask(post("/echo", body)).body, body);
  std::string chunks;
  for (std::size_t at = 0; at < body.size(); at += 0x1000)
    chunks += "1000\r\n" + body.substr(at, 0x1000) + "\r\n";
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.ask(chunks + "0\r\n\r\n").body, body);
  EXPECT_TRUE(client.serves());
}

TEST(HttpCrowd, Z34_ABodyThatBringsTooLittleAfterItsGraceIsRefusedAndASlowOneThatBringsEnoughIsNot) {
  Options options;
  options.timeouts.body_grace = milliseconds(1000);
  options.limits.least_body_rate = 100;
  LiveServer server(std::move(options));
  Client stuck(server);
  Client slow(server);
  stuck.send(half_a_body(10));
  slow.send(half_a_body(10));
  const auto began = std::chrono::steady_clock::now();
  while (!stuck.has_bytes(milliseconds(20))) {
    ASSERT_TRUE(slow.send(std::string(500, 'x')));
    ASSERT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  }
  EXPECT_EQ(stuck.read().status, 408);
  EXPECT_FALSE(slow.has_bytes(milliseconds(100)));
}

}  // namespace
}  // namespace latchkey::http::test
