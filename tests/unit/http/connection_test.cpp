// What one connection does with what a client sends, over real sockets.

#include <gtest/gtest.h>

#include "unit/http/live.h"

namespace latchkey::http::test {
namespace {

const std::string chunked_head =
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(HttpConnection, KeepsAliveAndAnswersEachRequest) {
  LiveServer server;
  Client client(server);
  for (int i = 0; i < 3; ++i) {
    Answer answer = client.ask(get("/item/" + std::to_string(i)));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, std::to_string(i));
    EXPECT_EQ(answer.header("Connection"), "keep-alive");
    EXPECT_EQ(answer.header("Keep-Alive"), "timeout=57");
  }
  Answer last = client.ask(get("/healthz", "Connection: close\r\n"));
  EXPECT_EQ(last.header("Connection"), "close");
  EXPECT_EQ(last.header("Keep-Alive"), "");
  EXPECT_TRUE(client.is_closed());
}

TEST(HttpConnection, SpeaksHttp10) {
  LiveServer server;
  Client client(server);
  Answer kept = client.ask("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.header("Connection"), "keep-alive");
  EXPECT_EQ(kept.header("Keep-Alive"), "timeout=57");
  EXPECT_EQ(client.ask("GET /healthz HTTP/1.0\r\n\r\n").header("Connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST(HttpConnection, ReadsBodiesHoweverTheyArrive) {
  LiveServer server;
  Client client(server);
  EXPECT_EQ(client.ask(post("/echo", "{\"a\":1}")).body, "{\"a\":1}");
  std::string large(60'000, 'x');
  EXPECT_EQ(client.ask(post("/echo", large)).body, large);
  EXPECT_EQ(client.ask(chunked_head + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n").body, "abcde");
  std::string slowly = chunked_head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" + post("/echo", "next");
  for (char c : slowly) client.send(std::string_view(&c, 1));
  EXPECT_EQ(client.read().body, "abcde");
  EXPECT_EQ(client.read().body, "next");
  EXPECT_EQ(client.ask(post("/form", "a=1&b=2", "Content-Type: application/x-www-form-urlencoded\r\n")).body,
            "a=1;b=2;");
  EXPECT_EQ(client.ask(post("/echo", "", "")).status, 200);
  EXPECT_TRUE(client.serves());
}

/// Room for the body is made when the head has been read, and what was read then must still be true.
TEST(HttpConnection, WhatAHeadSaidHoldsWhenItsBodyComesLater) {
  LiveServer server;
  for (const std::string& before : {std::string(), get("/healthz")}) {
    for (std::size_t padding : {10, 2700, 3100, 3700, 6000}) {
      for (std::size_t size : {1, 100, 900, 3500, 7600}) {
        Client client(server);
        std::string body(size, 'b');
        std::string request =
            post("/told?key=value", body,
                 "Authorization: Bearer alice\r\nContent-Type: application/json\r\nX-Padding: " +
                     std::string(padding, 'p') + "\r\nX-Last: last\r\n");
        client.send(before + request.substr(0, request.size() - size));
        std::this_thread::sleep_for(milliseconds(4));
        client.send(body.substr(0, size / 2));
        std::this_thread::sleep_for(milliseconds(4));
        client.send(body.substr(size / 2));
        if (!before.empty()) {
          ASSERT_EQ(client.read().status, 200);
        }
        ASSERT_EQ(client.read().body, "alice key=value application/json last " + body)
            << padding << ' ' << size;
      }
    }
  }
}

TEST(HttpConnection, AnswersHeadWithoutBody) {
  LiveServer server;
  Client client(server);
  Answer answer = client.ask("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Length"), "4");
  EXPECT_EQ(client.ask("HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD").status, 404);
  EXPECT_TRUE(client.serves());
}

TEST(HttpConnection, SendsContinueOnlyWhereTheBodyIsWanted) {
  LiveServer server;
  Client client(server);
  std::string head =
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: "
      "100-continue\r\nContent-Length: ";
  EXPECT_EQ(client.ask(head + "2\r\n\r\n").status, 100);
  EXPECT_EQ(client.ask("{}").body, "{}");
  EXPECT_EQ(client.ask(head + "2\r\n\r\n{}").body, "{}");
  // H11
  Answer refused = client.ask(head + "1000000\r\n\r\n");
  EXPECT_EQ(refused.status, 413);
  EXPECT_TRUE(client.is_closed());
  Client chunked(server);
  chunked.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: "
      "100-continue\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  EXPECT_EQ(chunked.read().status, 100);
  EXPECT_EQ(chunked.ask("2\r\n{}\r\n0\r\n\r\n").body, "{}");
}

TEST(HttpConnection, H01ToH05H13RefusesAndClosesWithNoSecondAnswer) {
  LiveServer server;
  const std::string smuggled = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string& lines : {
           std::string("Host: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n"),
           std::string("Host: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n"),
           std::string("Host: a\r\nContent-Length: 5, 6\r\n"),
           std::string("Host: a\r\nContent-Length: +5\r\n"),
           std::string("Host: a\r\nTransfer-Encoding: xchunked\r\n"),
           std::string("Host: a\r\nTransfer-Encoding: chunked, identity\r\n"),
           std::string("Host : a\r\n"),
           std::string("Host: a\r\nX: 1\r\n folded\r\n"),
           std::string("Host: a\r\nX: a\rb\r\n"),
           std::string("Host: a\r\nX: a\nTransfer-Encoding: chunked\r\n"),
           std::string("Host: a\r\nX: a\0b\r\n", 18),
           std::string("X: 1\r\n"),
           std::string("Host: a\r\nHost: b\r\n"),
           std::string("Host: a,b\r\n"),
       }) {
    Client client(server);
    Answer answer = client.ask("POST /echo HTTP/1.1\r\nContent-Type: application/json\r\n" + lines +
                               "\r\n0\r\n\r\n" + smuggled);
    EXPECT_EQ(answer.status, 400) << lines;
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.header("X-Request-Id").size(), 32U);
    EXPECT_EQ(client.rest(), "") << lines;
  }
  for (const std::string chunks : {"2\nxx\r\n", "1;ext=\"\r\n\"\r\n", "0_5\r\nabcde\r\n", " 5\r\nabcde\r\n",
                                   "5 \r\nabcde\r\n", "00000000000000005\r\nabcde\r\n"}) {
    Client client(server);
    EXPECT_EQ(client.ask(chunked_head + chunks + "0\r\n\r\n" + smuggled).status, 400) << chunks;
    EXPECT_EQ(client.rest(), "") << chunks;
  }
}

TEST(HttpConnection, H03ChunkedOnHttp10IsRefused) {
  LiveServer server;
  Client client(server);
  EXPECT_EQ(client.ask("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status, 400);
  EXPECT_TRUE(client.is_closed());
}

TEST(HttpConnection, H08ABodyThatNobodyWantsIsReadAndNotTakenForARequest) {
  LiveServer server;
  std::string inner = get("/who");
  Client client(server);
  Answer answer =
      client.ask("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(inner.size()) +
                 "\r\n\r\n" + inner);
  EXPECT_EQ(answer.body, "well");
  EXPECT_TRUE(client.serves());
  // Also where the request is refused.
  EXPECT_EQ(client.ask(post("/nothing", inner)).status, 404);
  EXPECT_TRUE(client.serves());
  EXPECT_EQ(client.ask(post("/plain", inner, "")).body, "well");
  EXPECT_EQ(
      client
          .ask("POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
          .body,
      "well");
  EXPECT_TRUE(client.serves());
  EXPECT_EQ(client
                .ask("POST /nothing HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                     "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
                .status,
            404);
  EXPECT_EQ(client.ask(post("/echo", inner, "Content-Type: text/plain\r\n")).status, 415);
  EXPECT_TRUE(client.serves());
  // Many such requests together are as many answers, in order.
  std::string batch;
  for (int i = 0; i < 20; ++i) batch += post("/plain", inner, "") + get("/item/" + std::to_string(i));
  client.send(batch);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(client.read().body, "well");
    ASSERT_EQ(client.read().body, std::to_string(i));
  }
}

/// The ways to announce a body of five bytes or more that does not come, or not all of it.
const char* const announced[] = {"Content-Length: 5\r\n\r\n",
                                 "Content-Length: 5\r\n\r\nabcd",
                                 "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
                                 "Content-Length: 100000000000\r\n\r\n",
                                 "Content-Encoding: gzip\r\nContent-Type: x/y\r\nContent-Length: 5\r\n\r\n",
                                 "Transfer-Encoding: chunked\r\n\r\n",
                                 "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
                                 "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n",
                                 "Transfer-Encoding: chunked\r\n\r\n5\r\nabcdeX"};

struct Unread {
  const char* start;
  int status;
};

/// Requests whose answer needs no body: routes that take none, and refusals.
const Unread unread[] = {{"GET /healthz", 200},     {"HEAD /healthz", 200}, {"POST /plain", 200},
                         {"GET /slow", 200},        {"GET /denied", 403},   {"GET /guarded", 401},
                         {"OPTIONS /healthz", 204}, {"GET /nothing", 404},  {"POST /nothing", 404},
                         {"DELETE /healthz", 405},  {"FOO /healthz", 501},  {"GET /%zz", 400}};

/// F13: nobody waits for a body that nobody reads. Whatever comes afterwards is neither taken for the rest of
/// the body (a proxy that announced one and sends none means it as a request) nor served.
TEST(HttpConnection, F13H08AnAnswerThatNeedsNoBodyDoesNotWaitForIt) {
  LiveServer server;  // waits 30 s for bodies, and the client for 10
  for (const Unread& request : unread) {
    for (const char* body : announced) {
      Client client(server);
      const std::string start = request.start;
      const std::string method = start.substr(0, start.find(' '));
      Answer answer = client.ask(start + " HTTP/1.1\r\nHost: a\r\n" + body, method);
      EXPECT_EQ(answer.status, request.status) << start << ' ' << body;
      EXPECT_EQ(answer.header("Connection"), "close") << start << ' ' << body;
      client.send(get("/who"));
      EXPECT_EQ(client.rest(), "") << start << ' ' << body;
    }
  }
  // Refused by what the head says of the body, where one is read.
  for (const char* lines : {"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n",
                            "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    Client client(server);
    EXPECT_EQ(client.ask(std::string("POST /echo HTTP/1.1\r\nHost: a\r\n") + lines).status, 415);
    client.send(get("/who"));
    EXPECT_EQ(client.rest(), "");
  }
}

TEST(HttpConnection, ABodyThatComesWhileItsAnswerIsMadeKeepsTheConnection) {
  LiveServer server;
  Client client(server);
  for (const auto& [lines, body] : std::vector<std::pair<std::string, std::string>>{
           {"Content-Length: 12000\r\n\r\n", std::string(12'000, 'x')},
           {"Transfer-Encoding: chunked\r\n\r\n", "2ee0\r\n" + std::string(12'000, 'x') + "\r\n0\r\n\r\n"}}) {
    client.send("GET /slow HTTP/1.1\r\nHost: a\r\nOrigin: https://x\r\n" + lines);
    std::this_thread::sleep_for(milliseconds(50));
    client.send(body);
    Answer answer = client.read();
    EXPECT_EQ(answer.body, "slow");
    EXPECT_EQ(answer.header("Connection"), "keep-alive");
    EXPECT_TRUE(client.serves());
  }
}

TEST(HttpConnection, H06H07NothingOfAHeaderComesBackAndNothingSplitsOne) {
  LiveServer server;
  Client client(server);
  Answer answer = client.ask(get("/healthz", "X-Request-Id: a%0d%0aSet-Cookie:%20x=1\r\n"));
  EXPECT_EQ(answer.header("X-Request-Id").size(), 32U);
  EXPECT_EQ(answer.head.find("Set-Cookie"), std::string::npos);
  answer = client.ask(get("/split"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.head.find("Set-Cookie"), std::string::npos);
  answer = client.ask(get("/item/a%0d%0aX:%20y"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(client.serves());
}

TEST(HttpConnection, H18PipelinedRequestsAreAnsweredInOrderAndNeverCrossed) {
  LiveServer server;
  Client client(server);
  std::string batch;
  for (int i = 0; i < 1000; ++i)
    batch += get("/who", "Authorization: Bearer token-" + std::to_string(i % 2 == 0 ? i : -i) + "\r\n");
  std::thread sender([&] {
    std::string_view left = batch;
    for (std::size_t size = 1; !left.empty(); size = size * 7 % 1009 + 1) {
      client.send(left.substr(0, size));
      left.remove_prefix(std::min(size, left.size()));
    }
  });
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(client.read().body, "token-" + std::to_string(i % 2 == 0 ? i : -i));
  sender.join();
  EXPECT_TRUE(client.serves());
}

TEST(HttpConnection, H19NothingOfARequestStaysForTheNext) {
  LiveServer server;
  Client client(server);
  EXPECT_EQ(client.ask(get("/guarded", "Authorization: Bearer alice\r\n")).body, "alice");
  Answer anonymous = client.ask(get("/guarded"));
  EXPECT_EQ(anonymous.status, 401);
  EXPECT_EQ(anonymous.header("WWW-Authenticate"), "Bearer realm=\"latchkey\"");
  EXPECT_EQ(client.ask(get("/who")).body, "nobody");
  client.send(get("/guarded", "Authorization: Bearer alice\r\n") + get("/guarded") + get("/who"));
  EXPECT_EQ(client.read().status, 200);
  EXPECT_EQ(client.read().status, 401);
  EXPECT_EQ(client.read().body, "nobody");
}

TEST(HttpConnection, H23ErrorsAreProblemDocumentsThatReflectNothing) {
  LiveServer server;
  Client client(server);
  Answer answer = client.ask(get("/<script>alert(1)</script>?<script>", "Accept: text/html\r\n"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(answer.body.find("script"), std::string::npos);
}

TEST(HttpConnection, FaultsAreAnsweredAndTellNothing) {
  LiveServer server;
  Client client(server);
  Answer fault = client.ask(get("/fault"));
  EXPECT_EQ(fault.status, 500);
  EXPECT_EQ(fault.body.find("secret"), std::string::npos);
  EXPECT_NE(fault.body.find(fault.header("X-Request-Id")), std::string::npos);
  Answer lost = client.ask(get("/lost"));
  EXPECT_EQ(lost.status, 503);
  EXPECT_EQ(lost.header("Retry-After"), "1");
  EXPECT_EQ(lost.body.find("secret"), std::string::npos);
  EXPECT_EQ(client.ask(get("/denied")).status, 403);
  EXPECT_TRUE(client.serves());
}

TEST(HttpConnection, TakesTheClientsAddressFromTrustedProxiesOnly) {
  LiveServer plain;
  Client direct(plain);
  EXPECT_EQ(direct.ask(get("/from", "X-Forwarded-For: 192.0.2.1\r\n")).body, "127.0.0.1");
  Options options;
  options.trusted_proxies = TrustedProxies(std::vector<std::string>{"127.0.0.0/8"});
  LiveServer behind(options);
  Client proxied(behind);
  EXPECT_EQ(proxied.ask(get("/from", "X-Forwarded-For: 192.0.2.1\r\n")).body, "192.0.2.1");
  EXPECT_EQ(proxied.ask(get("/from")).body, "127.0.0.1");
}

TEST(HttpConnection, H20AnswersPreflightsOfNamedOriginsOnly) {
  Options options;
  options.cors_origins = {"https://app.example.org"};
  LiveServer server(options);
  Client client(server);
  auto preflight = [&](std::string_view origin) {
    return client.ask(
        "OPTIONS /echo HTTP/1.1\r\nHost: a\r\nOrigin: " + std::string(origin) +
        "\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: baggage\r\n\r\n");
  };
  Answer allowed = preflight("https://app.example.org");
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(allowed.header("Access-Control-Allow-Origin"), "https://app.example.org");
  EXPECT_EQ(allowed.header("Access-Control-Allow-Methods"), "POST, OPTIONS");
  EXPECT_EQ(allowed.header("Access-Control-Allow-Headers"), "baggage");
  EXPECT_EQ(allowed.header("Vary"), "Origin");
  Answer refused = preflight("https://evil.example.org");
  EXPECT_EQ(refused.status, 204);
  EXPECT_EQ(refused.head.find("Access-Control"), std::string::npos);
  EXPECT_EQ(client.ask(get("/nothing", "Origin: https://app.example.org\r\n"))
                .header("Access-Control-Allow-Origin"),
            "https://app.example.org");
}

}  // namespace
}  // namespace latchkey::http::test
