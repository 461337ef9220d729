#include "http/this_machine.h"

#include <gtest/gtest.h>

#include "http/cors.h"
#include "http/gate.h"
#include "http/respond.h"

namespace latchkey::http::this_machine_test {
namespace {

Task<Result<Response>> answer_nothing(Request&) { co_return empty_response(); }

Route row(Method method, std::string_view pattern, Reach reach) {
  Route route;
  route.method = method;
  route.pattern = pattern;
  route.body = method == Method::post ? BodyKind::form : BodyKind::none;
  route.head = method == Method::get ? Head::allowed : Head::refused;
  route.body_limit = 10;
  route.errors = ErrorStyle::page;
  route.reach = reach;
  route.handler = answer_nothing;
  return route;
}

class ThisMachine : public testing::Test {
 protected:
  /// Whether the route for this machine takes the request.
  bool takes(const std::string& head, std::string_view peer = "127.0.0.1") {
    return !admit_from(head, peer).answer.has_value() && request.route != nullptr;
  }

  Admission admit_from(const std::string& head, std::string_view peer) {
    request.route = nullptr;
    request.parameter_count = 0;
    EXPECT_TRUE(wire::parse_head(head, parsed)) << head;
    request.method = parsed.method;
    request.version = parsed.version;
    request.target = parsed.target;
    request.headers = parsed.headers;
    request.address = peer;
    return admit(parsed, request, router, cors, denials);
  }

  static std::string get(const std::string& lines, const std::string& target = "/here/7") {
    return "GET " + target + " HTTP/1.1\r\n" + lines + "\r\n";
  }

  Router router{{row(Method::get, "/here/{id}", Reach::this_machine),
                 row(Method::post, "/here/{id}", Reach::this_machine),
                 row(Method::get, "/everywhere", Reach::everywhere)}};
  Cors cors{std::vector<std::string>{}};
  Denials denials{.page = [](const Error& error, const Request&) {
    return text_response(describe(error.code).status, "a page");
  }};
  wire::RequestHead parsed;
  Request request;
};

TEST_F(ThisMachine, TakesWhatABrowserOnThisMachineSends) {
  for (const char* host : {"localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:65535",
                           "LocalHost:80", "localhost:"}) {
    EXPECT_TRUE(takes(get("Host: " + std::string(host) + "\r\n"))) << host;
    EXPECT_TRUE(takes(get("Host: " + std::string(host) + "\r\n"), "::1")) << host;
  }
  EXPECT_EQ(request.parameter("id"), "7");
}

TEST_F(ThisMachine, H30_AnythingElseIsAPathThatNobodyKnows) {
  const std::string local = "Host: localhost:8080\r\n";
  std::vector<std::pair<std::string, std::string>> heads;
  for (const char* host :
       {"evil.example", "localhost.evil.example", "evil.localhost", "localhost.", "127.0.0.2", "127.1",
        "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "192.168.1.5:8080", "localhost:8080:80", "localhost:x",
        "::1", "xlocalhost", "[::1", "127.0.0.1.nip.io"}) {
    const std::string text = get("Host: " + std::string(host) + "\r\n");
    // Some of them are no Host at all, which ends the connection before (H13).
    if (wire::RequestHead head; wire::parse_head(text, head)) heads.emplace_back(text, "127.0.0.1");
  }
  EXPECT_GT(heads.size(), 10U);
  for (const char* line :
       {"Forwarded: for=192.0.2.1", "X-Forwarded-For: 127.0.0.1", "x-forwarded-proto: https",
        "X-FORWARDED-HOST: localhost", "X-Forwarded-: ", "X-Real-IP: 127.0.0.1", "Via: 1.1 proxy", "via: "}) {
    heads.emplace_back(get(local + line + "\r\n"), "127.0.0.1");
  }
  heads.emplace_back(get(local, "http://localhost:8080/here/7"), "127.0.0.1");
  heads.emplace_back("GET /here/7 HTTP/1.0\r\n" + local + "\r\n", "127.0.0.1");
  heads.emplace_back("GET /here/7 HTTP/1.0\r\n\r\n", "127.0.0.1");
  for (const char* peer : {"192.0.2.1", "10.0.0.1", "fe80::1", "::", ""})
    heads.emplace_back(get(local), peer);
  for (const auto& [head, peer] : heads) {
    EXPECT_FALSE(takes(head, peer)) << head << " from " << peer;
  }
}

TEST_F(ThisMachine, H30_TheRefusalIsThatOfAnUnknownPathWhateverTheMethod) {
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "FOO", "TRACE"}) {
    const auto ask = [&](const std::string& path) {
      const std::string rest =
          " HTTP/1.1\r\nHost: evil.example\r\nAccept: text/html\r\nContent-Length: 11\r\n\r\n";
      auto admission = admit_from(method + std::string(" ") + path + rest, "127.0.0.1");
      EXPECT_EQ(admission.resource, nullptr);
      EXPECT_FALSE(admission.judges_body);
      EXPECT_EQ(request.route, nullptr);
      EXPECT_EQ(request.parameter_count, 0U);
      return std::move(admission.answer.value());
    };
    const Response hidden = ask("/here/7");
    const Response unknown = ask("/nobody/7");
    EXPECT_EQ(hidden.status, 404) << method;
    EXPECT_EQ(hidden.status, unknown.status);
    EXPECT_EQ(hidden.body, unknown.body);
    EXPECT_EQ(hidden.content_type, unknown.content_type);
    EXPECT_EQ(hidden.headers.size(), unknown.headers.size());
  }
  EXPECT_TRUE(admit_from("GET /everywhere HTTP/1.1\r\nHost: evil.example\r\n\r\n", "192.0.2.1").answer ==
              std::nullopt);
}

TEST_F(ThisMachine, APatternReachesTheSameRequestsWithEveryMethod) {
  EXPECT_THROW(
      Router({row(Method::get, "/a", Reach::this_machine), row(Method::post, "/a", Reach::everywhere)}),
      std::logic_error);
}

}  // namespace
}  // namespace latchkey::http::this_machine_test
