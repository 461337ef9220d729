#include "http/respond.h"

#include <gtest/gtest.h>

#include <cctype>

#include "base/field_errors.h"
#include "base/json.h"
#include "http/bearer.h"
#include "http/wire/write_response.h"

namespace latchkey::http {
namespace {

std::string header_of(const Response& response, std::string_view name) {
  for (const ResponseHeader& header : response.headers)
    if (header.name == name) return header.value;
  return "";
}

TEST(HttpRespond, WritesProblemDocuments) {
  Request request;
  request.request_id = "0123456789abcdef";
  Error error = invalid_field("body", "email", "missing", "Field \"email\" is required");
  Response response = denial_response(error, request, ErrorStyle::problem, {});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.cache_control, "no-store");
  Result<boost::json::value> parsed = parse_json(response.body);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(
      *parsed,
      (boost::json::value{
          {"type", "https://latchkey.dev/errors#validation_failed"},
          {"title", "Unprocessable Content"},
          {"status", 422},
          {"detail", "email: Field \"email\" is required"},
          {"code", "validation_failed"},
          {"request_id", "0123456789abcdef"},
          {"errors",
           {{{"loc", {"body", "email"}}, {"msg", "Field \"email\" is required"}, {"type", "missing"}}}}}));
}

TEST(HttpRespond, AStepOfASignInSaysWhatIsWrongInASentenceAndInTheWordsOfOAuth) {
  const Error error = invalid_field("body", "code", "missing", "Field required");
  const auto written = [&](ErrorStyle style) {
    return parse_json(denial_response(error, Request{}, style, {}).body).value().as_object();
  };
  const auto step = written(ErrorStyle::sign_in_step);
  EXPECT_EQ(step.at("detail"), "code: Field required");
  EXPECT_TRUE(step.at("errors").is_array());
  EXPECT_EQ(step.at("error"), "invalid_request");
  EXPECT_EQ(step.at("error_description"), step.at("detail"));
  EXPECT_TRUE(written(ErrorStyle::token_endpoint).at("detail").is_array()) << "of the original document";
}

TEST(HttpRespond, EveryErrorOfTheCatalogueHasATitle) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    Response response = denial_response(static_cast<ErrorCode>(code), Request{}, ErrorStyle::problem, {});
    EXPECT_EQ(response.body.find("\"title\":\"Error\""), std::string::npos) << response.body;
    EXPECT_TRUE(parse_json(response.body)) << response.body;
    // Words, as RFC 9110 has them.
    for (const char c : reason_phrase(response.status))
      EXPECT_TRUE(c == ' ' || std::isalpha(static_cast<unsigned char>(c))) << response.body;
  }
}

TEST(HttpRespond, F15NamesTheSchemeOnEvery401AndTheErrorWhereATokenWasShown) {
  HeaderView headers[] = {{"authorization", "bearer abc"}};
  Request with;
  with.headers = headers;
  auto challenge = [](ErrorCode code, const Request& request) {
    return header_of(denial_response(code, request, ErrorStyle::problem, {}), "WWW-Authenticate");
  };
  const std::string plain = "Bearer realm=\"latchkey\"";
  EXPECT_EQ(challenge(ErrorCode::invalid_token, with), plain + ", error=\"invalid_token\"");
  EXPECT_EQ(challenge(ErrorCode::invalid_token, {}), plain);
  EXPECT_EQ(challenge(ErrorCode::invalid_credentials, with), plain);
  EXPECT_EQ(challenge(ErrorCode::email_not_confirmed, {}), plain);
  EXPECT_EQ(challenge(ErrorCode::forbidden, with), "");
  EXPECT_EQ(
      header_of(denial_response(Error(ErrorCode::too_many_attempts, Seconds(7)), {}, ErrorStyle::problem, {}),
                "Retry-After"),
      "7");
}

TEST(HttpRespond, ADenialIsAPageWhereTheRowAsksForOne) {
  const Denials denials{.page = [](const Error& error, const Request&) {
    return text_response(describe(error.code).status, "a page");
  }};
  HeaderView person[] = {{"Accept", "text/html"}};
  Request browser;
  browser.headers = person;
  const Error busy(ErrorCode::too_many_attempts, Seconds(7));
  const auto is_page = [&](const Request& request, ErrorStyle style) {
    const Response response = denial_response(busy, request, style, denials);
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(header_of(response, "Retry-After"), "7");
    return response.body == "a page";
  };
  EXPECT_TRUE(is_page({}, ErrorStyle::page));
  EXPECT_TRUE(is_page(browser, ErrorStyle::page_or_field_list));
  EXPECT_FALSE(is_page({}, ErrorStyle::page_or_field_list));
  EXPECT_FALSE(is_page(browser, ErrorStyle::problem));
  EXPECT_EQ(denial_response(busy, browser, ErrorStyle::page, {}).content_type, "application/problem+json");
}

TEST(HttpRespond, EscapesMessages) {
  EXPECT_EQ(message_response(200, "a \"b\"").body, R"({"message":"a \"b\""})");
}

TEST(HttpBearer, ReadsOneTokenOnly) {
  auto token = [](std::vector<HeaderView> headers) {
    Request request;
    request.headers = headers;
    return std::string(bearer_token(request).value_or("(none)"));
  };
  EXPECT_EQ(token({{"Authorization", "Bearer abc.DEF-_~+/="}}), "abc.DEF-_~+/=");
  EXPECT_EQ(token({{"AUTHORIZATION", "bEARER  abc"}}), "abc");
  for (const char* value : {"", "Bearer", "Bearer ", "abc", "Basic abc", "Bearerabc", "Bearer a b",
                            "Bearer a,b", "Bearer =", "Bearer a=b", "Bearer \"a\"", "Bearer \xC3\xA9"})
    EXPECT_EQ(token({{"Authorization", value}}), "(none)") << value;
  EXPECT_EQ(token({{"Authorization", "Bearer a"}, {"Authorization", "Bearer a"}}), "(none)");
  EXPECT_EQ(token({{"X-Authorization", "Bearer a"}}), "(none)");
}

TEST(HttpWriteResponse, H07NothingCanEndAHeaderLine) {
  Response response = json_response(200, "{}");
  EXPECT_TRUE(wire::has_safe_headers(response));
  for (const char* value : {"a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "\x7f"}) {
    Response bad = response;
    bad.headers.push_back({"Location", value});
    EXPECT_FALSE(wire::has_safe_headers(bad));
    bad = response;
    bad.cache_control = value;
    EXPECT_FALSE(wire::has_safe_headers(bad));
    bad = response;
    bad.referrer_policy = value;
    EXPECT_FALSE(wire::has_safe_headers(bad));
  }
  response.headers.push_back({"X", std::string("a\0b", 3)});
  EXPECT_FALSE(wire::has_safe_headers(response));
}

std::string written(const Response& response, wire::Frame frame = {}) {
  frame.request_id = "id";
  frame.date = "now";
  std::string out;
  wire::append_response(out, response, frame);
  return out;
}

TEST(HttpWriteResponse, W03PutsTheSecurityHeadersOnEveryAnswer) {
  EXPECT_EQ(
      written(json_response(200, "{}")),
      "HTTP/1.1 200 OK\r\nDate: now\r\nX-Request-Id: id\r\nContent-Type: application/json\r\nContent-Length: "
      "2\r\n"
      "Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
      "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\r\n{}");
}

TEST(HttpWriteResponse, FramesByMethodVersionAndStatus) {
  wire::Frame frame;
  frame.omit_body = true;
  EXPECT_TRUE(written(json_response(200, "{}"), frame).ends_with("\r\n\r\n"));
  EXPECT_NE(written(json_response(200, "{}"), frame).find("Content-Length: 2\r\n"), std::string::npos);
  EXPECT_EQ(written(empty_response()).find("Content-"),
            written(empty_response()).find("Content-Security-Policy"));
  frame = {};
  frame.keep_alive = false;
  EXPECT_NE(written(empty_response(), frame).find("Connection: close\r\n"), std::string::npos);
  frame = {};
  frame.http_1_0 = true;
  EXPECT_NE(written(empty_response(), frame).find("Connection: keep-alive\r\n"), std::string::npos);
  frame.kept_lines = "Connection: keep-alive\r\nKeep-Alive: timeout=57\r\n";
  EXPECT_NE(written(empty_response(), frame).find(frame.kept_lines), std::string::npos);
  frame.keep_alive = false;
  EXPECT_EQ(written(empty_response(), frame).find("eep-"), std::string::npos);
  frame = {};
  frame.vary_by_origin = true;
  EXPECT_NE(written(empty_response(), frame).find("Vary: Origin\r\n"), std::string::npos);
  EXPECT_EQ(written(empty_response(), frame).find("Access-Control"), std::string::npos);
  frame.allowed_origin = "https://a";
  EXPECT_NE(written(empty_response(), frame).find("Access-Control-Allow-Origin: https://a\r\n"),
            std::string::npos);
  EXPECT_EQ(written(empty_response(), frame).find("Credentials"), std::string::npos);
}

TEST(HttpWriteResponse, PromisesALittleLessThanTheIdleTimeInWholeSeconds) {
  using std::chrono::milliseconds;
  auto promised = [](milliseconds idle) {
    const std::string lines = wire::keep_alive_lines(idle);
    const std::string start = "Connection: keep-alive\r\nKeep-Alive: timeout=";
    if (!lines.starts_with(start) || !lines.ends_with("\r\n")) return lines;
    return lines.substr(start.size(), lines.size() - start.size() - 2);
  };
  EXPECT_EQ(promised(milliseconds(60'000)), "57");
  EXPECT_EQ(promised(milliseconds(5'000)), "4");
  EXPECT_EQ(promised(milliseconds(3'500)), "2");
  EXPECT_EQ(promised(milliseconds(2'000)), "1");
  EXPECT_EQ(promised(milliseconds(3'600'000)), "3420");
  EXPECT_EQ(promised(milliseconds(1'999)), "");
  EXPECT_EQ(promised(milliseconds(100)), "");
}

TEST(HttpWriteResponse, DatesAreImfFixdates) {
  wire::HttpDate date;
  std::string text(date.now());
  EXPECT_EQ(text.size(), std::string("Sun, 06 Nov 1994 08:49:37 GMT").size());
  EXPECT_TRUE(text.ends_with(" GMT"));
}

TEST(HttpWriteResponse, RequestIdsDoNotRepeat) {
  wire::RequestIds ids;
  wire::RequestIds::Id a;
  wire::RequestIds::Id b;
  ids.next(a);
  ids.next(b);
  EXPECT_NE(a, b);
  wire::RequestIds().next(b);
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace latchkey::http
