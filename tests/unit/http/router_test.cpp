#include "http/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/json.h"
#include "http/cors.h"
#include "http/gate.h"
#include "http/respond.h"
#include "http/wire/write_response.h"

namespace latchkey::http {
namespace {

Task<Result<Response>> nothing(Request&) { co_return empty_response(); }

Route row(Method method, std::string_view pattern, BodyKind body = BodyKind::none,
          Head head = Head::refused) {
  Route route;
  route.method = method;
  route.pattern = pattern;
  route.body = body;
  route.head = head;
  route.body_limit = 1000;
  route.handler = nothing;
  return route;
}

std::vector<Route> table() {
  return {row(Method::post, "/api/auth/login", BodyKind::form),
          row(Method::post, "/api/auth/signup", BodyKind::json),
          row(Method::get, "/api/auth/refresh_token"),
          row(Method::post, "/api/auth/refresh_token"),
          row(Method::post, "/api/auth/block_user/{user_id}", BodyKind::optional_json),
          row(Method::get, "/api/auth/sessions", BodyKind::none, Head::allowed),
          row(Method::delete_, "/api/auth/sessions/{id}"),
          row(Method::get, "/a/{x}/{y}/end"),
          row(Method::get, "/a/fixed/{y}/other"),
          row(Method::get, "/a/fixed")};
}

/// The pattern that a path finds.
std::string find(const Router& router, std::string path, Request& request) {
  request.path = std::move(path);
  const Resource* resource = router.find(request);
  return resource == nullptr ? "" : std::string(resource->pattern);
}

TEST(HttpRouter, FindsPatternsAndTheirParameters) {
  Router router(table());
  Request request;
  EXPECT_EQ(find(router, "/api/auth/login", request), "/api/auth/login");
  EXPECT_EQ(find(router, "/api/auth/block_user/7", request), "/api/auth/block_user/{user_id}");
  EXPECT_EQ(request.parameter("user_id"), "7");
  EXPECT_THROW(request.parameter("id"), std::logic_error);
  EXPECT_EQ(find(router, "/a/1/2/end", request), "/a/{x}/{y}/end");
  EXPECT_EQ(request.parameter("y"), "2");
  EXPECT_EQ(find(router, "/a/fixed/2/other", request), "/a/fixed/{y}/other");
  EXPECT_EQ(request.parameter_count, 1U);
  for (const char* path :
       {"/", "", "/api/auth", "/api/auth/Login", "/api/auth/login/x", "/api/auth/block_user",
        "/api/auth/block_user/", "/api/auth/block_user/7/8", "/a/1/2/3", "api/auth/login"})
    EXPECT_EQ(find(router, path, request), "") << path;
}

TEST(HttpRouter, SaysWhatIsAllowed) {
  Router router(table());
  Request request;
  auto allow = [&](std::string path) {
    request.path = std::move(path);
    return router.find(request)->allow;
  };
  EXPECT_EQ(allow("/api/auth/login"), "POST, OPTIONS");
  EXPECT_EQ(allow("/api/auth/refresh_token"), "GET, POST, OPTIONS");
  EXPECT_EQ(allow("/api/auth/sessions"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(router.allow(), "GET, HEAD, POST, DELETE, OPTIONS");
}

TEST(HttpRouter, RefusesTablesThatCanNotBeMeant) {
  auto refuses = [](std::vector<Route> rows) { EXPECT_THROW(Router{std::move(rows)}, std::logic_error); };
  refuses({row(Method::get, "/a"), row(Method::get, "/a")});
  refuses({row(Method::get, "/a/{x}"), row(Method::get, "/a/{y}")});
  refuses({row(Method::get, "a")});
  refuses({row(Method::get, "/a/")});
  refuses({row(Method::get, "/a//b")});
  refuses({row(Method::options, "/a")});
  refuses({row(Method::head, "/a")});
  refuses({row(Method::get, "/{a}/{b}/{c}/{d}/{e}")});
  std::vector<Route> idle{row(Method::get, "/a")};
  idle[0].handler = {};
  refuses(std::move(idle));
}

struct Case {
  const char* what;
  const char* head;
  int status;  ///< 0: a handler may run
};

TEST(HttpGate, RefusesInTheFixedOrder) {
  Router router(table());
  Cors cors;
  const Case cases[] = {
      {"served", "GET /api/auth/sessions HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"served, folded", "GET //api/auth//sessions/?x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"H14", "GET http://evil/api/auth/sessions HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"HEAD where GET has no effect", "HEAD /api/auth/sessions HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"HEAD where GET has one", "HEAD /api/auth/refresh_token HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"OPTIONS", "OPTIONS /api/auth/login HTTP/1.1\r\nHost: a\r\n\r\n", 204},
      {"OPTIONS of the server", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204},
      {"OPTIONS of nothing", "OPTIONS /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404},
      {"bad target before all", "FOO /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"path before method", "DELETE /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404},
      {"path before unknown method", "FOO /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404},
      {"H15 unknown method", "FOO /api/auth/login HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"H15 lower case", "post /api/auth/login HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"H15 TRACE", "TRACE /api/auth/login HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"H15 CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"H15 override", "GET /api/auth/sessions HTTP/1.1\r\nHost: a\r\nX-HTTP-Method-Override: DELETE\r\n\r\n",
       0},
      {"method before encoding", "PUT /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n\r\n",
       405},
      {"H12",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n",
       415},
      {"identity",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Encoding: identity\r\nContent-Type: "
       "application/json\r\nContent-Length: 9\r\n\r\n",
       0},
      {"no media type, JSON only", "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
       0},
      {"empty media type, JSON only",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: \r\nContent-Length: 9\r\n\r\n", 0},
      {"no media type, several to choose from",
       "POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", 415},
      {"a type written in JSON",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: "
       "application/vnd.api+json\r\nContent-Length: "
       "9\r\n\r\n",
       0},
      {"a type written in JSON for a form",
       "POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: "
       "application/vnd.api+json\r\nContent-Length: "
       "9\r\n\r\n",
       415},
      {"a suffix alone",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: application/+json\r\nContent-Length: "
       "9\r\n\r\n",
       415},
      {"another tree with the suffix",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: model/gltf+json\r\nContent-Length: "
       "9\r\n\r\n",
       415},
      {"JSON as ISO-8859-1",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: application/json; "
       "charset=ISO-8859-1\r\nContent-Length: 9\r\n\r\n",
       0},
      {"a form as ISO-8859-1",
       "POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded; "
       "charset=ISO-8859-1\r\nContent-Length: 9\r\n\r\n",
       0},
      {"a form as UTF-16",
       "POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded; "
       "charset=utf-16\r\nContent-Length: 9\r\n\r\n",
       415},
      {"no body, no media type", "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 0},
      {"two media types",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Type: "
       "application/json\r\nContent-Length: 9\r\n\r\n",
       415},
      {"J16",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: application/json; "
       "charset=utf-16\r\nContent-Length: 9\r\n\r\n",
       415},
      {"form for JSON",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: "
       "application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n",
       415},
      {"multipart",
       "POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; "
       "boundary=x\r\nContent-Length: 9\r\n\r\n",
       0},
      {"media type before length",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: "
       "1001\r\n\r\n",
       415},
      {"H11",
       "POST /api/auth/signup HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: "
       "100-continue\r\nContent-Length: 1001\r\n\r\n",
       413},
      {"unwanted body", "GET /api/auth/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 0},
      {"unwanted body, encoded",
       "GET /api/auth/sessions HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Type: "
       "text/plain\r\nContent-Length: 9\r\n\r\n",
       0},
  };
  for (const Case& c : cases) {
    wire::RequestHead head;
    ASSERT_TRUE(wire::parse_head(c.head, head)) << c.what;
    Request request;
    request.method = head.method;
    request.target = head.target;
    request.headers = head.headers;
    Admission admission = admit(head, request, router, cors, {});
    EXPECT_EQ(admission.answer ? admission.answer->status : 0, c.status) << c.what;
    EXPECT_EQ(request.route != nullptr && !admission.answer, c.status == 0) << c.what;
    bool has_allow = false;
    for (const ResponseHeader& line : admission.answer.value_or(Response{}).headers)
      has_allow |= line.name == "Allow";
    EXPECT_EQ(has_allow, c.status == 405 || c.status == 204) << c.what;
  }
}

TEST(HttpGate, F25A415NamesWhatTheRouteTakes) {
  Router router(table());
  Cors cors;
  auto refuse = [&](const std::string& path, const std::string& lines) {
    wire::RequestHead head;
    const std::string text =
        "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + lines + "Content-Length: 9\r\n\r\n";
    EXPECT_TRUE(wire::parse_head(text, head));
    Request request;
    request.method = head.method;
    request.target = head.target;
    request.headers = head.headers;
    Response answer = admit(head, request, router, cors, {}).answer.value_or(Response{});
    EXPECT_EQ(answer.status, 415);
    std::string said = std::string(parse_json(answer.body)->at("detail").as_string()) + " |";
    for (const ResponseHeader& line : answer.headers)
      said += " " + std::string(line.name) + ": " + line.value;
    return said;
  };
  const std::string json = "This route takes application/json, in UTF-8 | Accept: application/json";
  EXPECT_EQ(refuse("/api/auth/signup", "Content-Type: text/plain\r\n"), json);
  EXPECT_EQ(refuse("/api/auth/signup", "Content-Type: application/json; charset=utf-16\r\n"), json);
  const std::string form =
      "This route takes application/x-www-form-urlencoded or multipart/form-data, in UTF-8 | "
      "Accept: application/x-www-form-urlencoded, multipart/form-data";
  EXPECT_EQ(refuse("/api/auth/login", "Content-Type: application/json\r\n"), form);
  EXPECT_EQ(refuse("/api/auth/login", ""), form);
  EXPECT_EQ(refuse("/api/auth/login", "Content-Encoding: gzip\r\n"),
            "Content encodings are not supported | Accept-Encoding: identity");
}

TEST(HttpGate, WhatAPageDoesNotTakeIsRefusedWithAPage) {
  std::vector<Route> rows{row(Method::post, "/form", BodyKind::form),
                          row(Method::post, "/api", BodyKind::form)};
  rows[0].body_limit = 10;
  rows[0].errors = ErrorStyle::page;
  const Router router(std::move(rows));
  const Cors cors(std::vector<std::string>{});
  const Denials denials{.page = [](const Error& error, const Request&) {
    return text_response(describe(error.code).status, "a page");
  }};
  const auto answer = [&](std::string_view text) {
    wire::RequestHead head;
    EXPECT_TRUE(wire::parse_head(text, head));
    Request request;
    request.method = head.method;
    request.target = head.target;
    request.headers = head.headers;
    return admit(head, request, router, cors, denials).answer.value();
  };
  const std::string type = "Content-Type: application/x-www-form-urlencoded\r\n";
  const struct {
    std::string head;
    int status;
    bool is_page;
  } cases[] = {
      {"PUT /form HTTP/1.1\r\nHost: a\r\n\r\n", 405, true},
      {"POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n", 415, true},
      {"POST /form HTTP/1.1\r\nHost: a\r\n" + type + "Content-Length: 11\r\n\r\n", 413, true},
      {"PUT /api HTTP/1.1\r\nHost: a\r\n\r\n", 405, false},
      {"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404, false},
  };
  for (const auto& [head, status, is_page] : cases) {
    const Response response = answer(head);
    EXPECT_EQ(response.status, status) << head;
    EXPECT_EQ(response.body == "a page", is_page) << head;
  }
}

TEST(HttpCors, H20AllowsNamedOriginsOnly) {
  Cors cors({"https://app.example.org", "http://localhost:3000"});
  auto allowed = [&](std::string_view origin) {
    HeaderView headers[] = {{"origin", origin}};
    Request request;
    request.headers = headers;
    return cors.allowed_origin(request).has_value();
  };
  EXPECT_TRUE(allowed("https://app.example.org"));
  EXPECT_TRUE(allowed("http://localhost:3000"));
  for (const char* origin :
       {"https://evil", "null", "", "*", "https://good.app.example.org", "https://app.example.orgX",
        "https://appXexample.org", "http://app.example.org", "https://app.example.org:443",
        "HTTPS://app.example.org", "https://app.example.org/"})
    EXPECT_FALSE(allowed(origin)) << origin;
  HeaderView twice[] = {{"Origin", "https://app.example.org"}, {"Origin", "https://app.example.org"}};
  Request request;
  request.headers = twice;
  EXPECT_FALSE(cors.allowed_origin(request));
  EXPECT_FALSE(Cors().allowed_origin(request));
}

TEST(HttpCors, F12APreflightIsAnsweredWithTheNamesThatItAskedFor) {
  Cors cors({"https://app.example.org"});
  auto allowed = [&](std::vector<std::string> asked) {
    std::vector<HeaderView> headers;
    for (const std::string& line : asked) headers.push_back({"access-control-request-headers", line});
    Request request;
    request.headers = headers;
    Response response;
    cors.describe_preflight(response, request, "POST, OPTIONS");
    EXPECT_TRUE(wire::has_safe_headers(response));
    for (const ResponseHeader& line : response.headers)
      if (line.name == "Access-Control-Allow-Headers") return line.value;
    return std::string();
  };
  EXPECT_EQ(allowed({"content-type,sentry-trace,baggage,traceparent,x-requested-with"}),
            "content-type, sentry-trace, baggage, traceparent, x-requested-with");
  EXPECT_EQ(allowed({" X-One ,\tx-two,, "}), "X-One, x-two");
  EXPECT_EQ(allowed({"x-one", "x-two"}), "x-one, x-two");

  const std::string usual = "Authorization, Content-Type";
  EXPECT_EQ(allowed({}), usual);
  for (const char* asked :
       {"", ",", "x y", "x;y", "x-one, bad name", "\"x\"", "x\x7f", "x\xc3\xa9", "x:y", "x\ny"})
    EXPECT_EQ(allowed({asked}), usual) << asked;
  std::string most = "x";
  for (std::size_t i = 1; i < Cors::max_asked_headers; ++i) most += ", x";
  EXPECT_EQ(allowed({most}), most);
  EXPECT_EQ(allowed({most + ", x"}), usual);
  EXPECT_EQ(allowed({most, "x"}), usual);
}

TEST(HttpCors, RefusesOriginsThatAreNone) {
  for (const char* origin : {"null", "", "app.example.org", "https://app.example.org/",
                             "https://App.example.org", "https://", "https://a,b", "1ttp://a"})
    EXPECT_THROW(Cors({origin}), std::invalid_argument) << origin;
  EXPECT_THROW(Cors({"*", "https://a"}), std::invalid_argument) << "* stands alone";
}

}  // namespace
}  // namespace latchkey::http
