// F39, security case J17: no text from outside costs more than linear work. Each parser, with texts that are
// meant to cost much.

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "base/bytes.h"
#include "base/domain_name.h"
#include "base/email_address.h"
#include "base/inert_text.h"
#include "base/ip_address.h"
#include "base/json.h"
#include "base/template.h"
#include "base/time.h"
#include "base/unicode.h"
#include "crypto/jose/access_token.h"
#include "crypto/jose/jws.h"
#include "crypto/jose/refresh_token.h"
#include "crypto/password/hash.h"
#include "flow/links/code.h"
#include "http/bearer.h"
#include "http/client_address.h"
#include "http/cookie.h"
#include "http/cors.h"
#include "http/form.h"
#include "http/language.h"
#include "http/media_type.h"
#include "http/path.h"
#include "http/wire/framing.h"
#include "http/wire/head_parser.h"
#include "mail/read_message.h"
#include "mail/smtp_reply.h"
#include "settings/duration.h"
#include "settings/toml_file.h"
#include "settings/url.h"
#include "settings/value_checks.h"
#include "unit/parsers/cost.h"
#include "web/linked_text.h"

namespace latchkey::test {
namespace {

using Make = std::function<std::string(std::size_t)>;
using Parse = std::function<void(std::string_view)>;

constexpr std::size_t head = 16 * 1024;  // http::Limits
constexpr std::size_t body = 64 * 1024;  // http.max_body_bytes
constexpr std::size_t value = 8 * 1024;  // of a setting, or a template: far more than anybody writes

Make pieces(std::string_view front, std::string_view piece, std::string_view back = "") {
  return [=](std::size_t size) { return repeated(front, piece, back, size); };
}
Make numbers(std::string_view front, std::string_view before, std::string_view after,
             std::string_view back = "") {
  return [=](std::size_t size) { return numbered(front, before, after, back, size); };
}

/// The thread sanitizer makes large pieces of memory dearer than small ones, so that its times tell nothing.
#if defined(__SANITIZE_THREAD__)
constexpr bool times_tell = false;
#else
constexpr bool times_tell = true;
#endif

void expect_linear(const std::string& parser, std::size_t size, const Parse& parse,
                   const std::vector<Make>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Hostile hostile{parser + " " + std::to_string(i), size, texts[i], parse};
    const Growth growth = growth_of(hostile);
    if (std::getenv("LATCHKEY_PRINT_COSTS") != nullptr)
      std::printf("%-28s %6zu bytes %9.1f us, a quarter %8.1f us\n", hostile.name.c_str(), size,
                  growth.longer * 1e6, growth.shorter * 1e6);
    EXPECT_TRUE(growth.ratio() < most_of_linear || !times_tell)
        << growth.ratio() << " times for four times " << hostile.name << ", which begins with "
        << hostile.make(size).substr(0, 60);
  }
}

// Heads ----------------------------------------------------------------------------------------------

TEST(LinearCost, J17_F39_MediaTypes) {
  const std::vector<Make> texts{pieces("a/b", ";0=d"),
                                numbers("a/b", ";a", "=d"),
                                pieces("a/b;a=\"", "\\\""),
                                pieces("a/b", ",a/b"),
                                pieces("", "a/b;c=\"x,"),
                                pieces("a/b;c=\"", "\\\",a/b;c=\\\""),
                                pieces("", "text/html;q=0.5,"),
                                pieces("", ","),
                                pieces("", "\""),
                                pieces("a/b;", " "),
                                pieces("", "a/b;c=\"\\"),
                                pieces("a", "a"),
                                pieces("a/b", ";"),
                                numbers("a/b", ";a", "=\"\"")};
  expect_linear(
      "media type", head, [](std::string_view text) { http::parse_media_type(text); }, texts);
  expect_linear(
      "Accept", head, [](std::string_view text) { http::prefers_html(text); }, texts);
}

TEST(LinearCost, J17_F39_Languages) {
  expect_linear(
      "Accept-Language", head, [](std::string_view text) { http::preferred_language(text); },
      {pieces("", "a,"), pieces("", "de;q=0.1,"), pieces("", ","), pieces("", " "), pieces("de", "-x"),
       pieces("", "\xE2\x80\x83"), pieces("", ";"), pieces("de ", " ", ";q=1")});
}

TEST(LinearCost, J17_Cookies) {
  expect_linear("Cookie", head,
                [](std::string_view text) {
                  const http::HeaderView line{"Cookie", text};
                  http::Request request;
                  request.headers = {&line, 1};
                  http::find_cookie(request, "__Host-latchkey");
                },
                {pieces("", "a=b; "), pieces("", ";"), pieces("", " "), pieces("", "__Host-latchkey=x;"),
                 pieces("__Host-latchkey=", "="), pieces("", "=")});
  const std::string_view offered[] = {"en", "ar", "de"};
  expect_linear("Accept-Language", head, [&](std::string_view text) { http::best_language(text, offered); },
                {pieces("", "de,"), pieces("", "xx;q=0.1,"), pieces("", ","), pieces("de", "-x")});
}

TEST(LinearCost, J17_F39_ForwardedHeadersAndAddresses) {
  const http::TrustedProxies trusted(std::vector<std::string>{"10.0.0.0/8", "fd00::/8"});
  expect_linear("X-Forwarded-For", head,
                [&](std::string_view text) {
                  const http::HeaderView line{"X-Forwarded-For", text};
                  http::client_address("10.0.0.1", {&line, 1}, trusted);
                },
                {pieces("", "10.0.0.1,", "10.0.0.1"), pieces("", "[fd00::1]:80,", "fd00::1"), pieces("", ","),
                 pieces("", " ", "10.0.0.1"), pieces("", "["), pieces("", ":"),
                 pieces("1.2.3.4,", "10.0.0.1 ,", "10.0.0.1")});
  expect_linear("address", head, [](std::string_view text) { IpNetwork::parse(text); },
                {pieces("", "1"), pieces("", ":"), pieces("1.2.3.4/", "0")});
}

TEST(LinearCost, J17_F39_TargetsAndQueries) {
  expect_linear("target", 8 * 1024,
                [](std::string_view text) {
                  const auto target = http::split_target(text);
                  std::string path;
                  if (target) http::decode_path(target->path, path);
                },
                {pieces("/", "%41"), pieces("/", "/"), pieces("/", "a/"), pieces("/?", "?"),
                 pieces("http://", "a"), pieces("http://", "a/"), pieces("/", "%C3%A4")});
  expect_linear("form", body, [](std::string_view text) { http::parse_urlencoded(text); },
                {pieces("", "&"), pieces("", "a=b&"), pieces("a=", "%41"), pieces("a=", "+"), pieces("", "="),
                 pieces("a=", "%C3%A4"), numbers("", "a", "=b&"), pieces("", "%")});
}

TEST(LinearCost, J17_F39_HeadsAndBearerTokens) {
  const http::Limits limits{.request_line = head, .head = head, .headers = head};
  const auto scan = [&](std::string_view text, std::size_t step) {
    http::wire::HeadScanner scanner(limits);
    for (std::size_t at = step; at <= text.size(); at += step) scanner.scan(text.substr(0, at));
    http::wire::RequestHead parsed;
    if (step > 1) http::wire::parse_head(text, parsed);
  };
  const std::vector<Make> texts{pieces("GET / HTTP/1.1\r\nHost: x\r\n", "A: b\r\n", "\r\n"),
                                pieces("GET / HTTP/1.1\r\nHost: x\r\nA: ", "b", "\r\n\r\n"),
                                pieces("GET / HTTP/1.1\r\nHost: x\r\nA: ", "\t", "\r\n\r\n"),
                                pieces("GET /", "a", " HTTP/1.1\r\nHost: x\r\n\r\n")};
  expect_linear(
      "head", head, [&](std::string_view text) { scan(text, text.size()); }, texts);
  expect_linear(
      "head byte by byte", head, [&](std::string_view text) { scan(text, 1); }, texts);
  expect_linear(
      "Authorization", head,
      [](std::string_view text) {
        const http::HeaderView line{"Authorization", text};
        http::Request request;
        request.headers = {&line, 1};
        http::bearer_token(request);
      },
      {pieces("Bearer ", "a"), pieces("Bearer ", "="), pieces("Bearer ", " "), pieces("", "Bearer ")});
  const http::Cors cors({"https://app.example.org"});
  expect_linear("Access-Control-Request-Headers", head,
                [&](std::string_view text) {
                  const http::HeaderView line{"Access-Control-Request-Headers", text};
                  http::Request request;
                  request.headers = {&line, 1};
                  http::Response response;
                  cors.describe_preflight(response, request, "GET");
                },
                {pieces("", ","), pieces("", "a,"), pieces("", " "), pieces("a", "a")});
  expect_linear("Host", head, [](std::string_view text) { http::wire::is_valid_host(text); },
                {pieces("", "a"), pieces("[", ":"), pieces("a:", "1"), pieces("", "[")});
}

// Bodies ---------------------------------------------------------------------------------------------

TEST(LinearCost, J17_F39_MultipartAndChunks) {
  const std::string boundary(70, '-');
  const std::string front = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
  const std::string near = "\r\n--" + boundary.substr(1) + "x";
  const std::string part = front + "x\r\n";
  const std::string typed = "--" + boundary + "\r\nContent-Type: text/plain";
  expect_linear(
      "multipart", body, [&](std::string_view text) { http::parse_multipart(text, boundary); },
      {pieces(front, near), pieces(front, "\r\n"), pieces(front, "\r"), pieces("", part), pieces("", front),
       pieces(typed, ";a=b", "\r\n"), pieces("--" + boundary + "\r\n", "Content-Length: 1\r\n"),
       pieces("--" + boundary + "\r\nContent-Disposition: form-data; name=\"", "a", "\"\r\n\r\n"),
       pieces(front, "\r\n--")});
  const auto decode = [](std::string_view text, std::size_t step) {
    http::wire::ChunkDecoder decoder;
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += step) {
      std::size_t used = 0;
      decoder.decode(text.substr(at, step), used, &out, body);
    }
  };
  const std::vector<Make> chunks{pieces("", "1\r\na\r\n", "0\r\n\r\n"), pieces("1", ";", "\r\n"),
                                 pieces("0\r\n", "a:b\r\n", "\r\n"), pieces("0\r\na:", "b")};
  expect_linear(
      "chunks", body, [&](std::string_view text) { decode(text, text.size()); }, chunks);
  expect_linear(
      "chunks byte by byte", body, [&](std::string_view text) { decode(text, 1); }, chunks);
}

TEST(LinearCost, J17_F39_Json) {
  expect_linear("JSON", body, [](std::string_view text) { static_cast<void>(parse_json(text)); },
                {pieces("", "["), pieces("[1", ",1", "]"), numbers("{\"a\":1", ",\"a", "\":1", "}"),
                 pieces("\"", "\\u00e4", "\""), pieces("\"", "\\\"", "\""), pieces("", " "), pieces("1", "0"),
                 pieces("0.", "1"), pieces("1e", "9"), pieces("[{}", ",{\"a\":{\"a\":1}}", "]"),
                 pieces("{\"", "a", "\":1}"), pieces("-", "-"), pieces("[0.1", ",1e-300", "]")});
  expect_linear("JSON string", body,
                [](std::string_view text) {
                  std::string out;
                  append_json_string(out, text);
                },
                {pieces("", "\""), pieces("", "a"), pieces("", "\x01")});
}

// Texts ----------------------------------------------------------------------------------------------

TEST(LinearCost, J17_F39_Unicode) {
  // Combining marks of falling classes have to be sorted.
  const std::vector<Make> texts{pieces("a", "\xCD\x85\xCC\x81\xCC\xA7"),
                                pieces("a", "\xCC\x81"),
                                pieces("", "\xEA\xB0\x81"),
                                pieces("", "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8"),
                                pieces("", "\xC3\xA4"),
                                pieces("", "\xEF\xB7\xBA"),
                                pieces("", " "),
                                pieces("", "\xE2\x80\x83"),
                                pieces("", "\x80"),
                                pieces("", "\xE2\x80\x8B"),
                                pieces("\xE2\x80\x83", "\xC3\x9F")};
  const auto ignore = [](const auto& result) { static_cast<void>(result); };
  expect_linear(
      "UTF-8", body, [&](std::string_view text) { ignore(is_valid_utf8(text)); }, texts);
  expect_linear(
      "NFC", body, [&](std::string_view text) { ignore(to_nfc(text)); }, texts);
  expect_linear(
      "case", body, [&](std::string_view text) { ignore(fold_case(text)); }, texts);
  expect_linear(
      "blanks", body, [&](std::string_view text) { ignore(trim(text)); }, texts);
  expect_linear(
      "visible", body, [&](std::string_view text) { ignore(has_visible_characters(text)); }, texts);
  expect_linear(
      "inert", body, [&](std::string_view text) { ignore(make_inert(text)); }, texts);
  expect_linear("HTML", body,
                [&](std::string_view text) {
                  std::string out;
                  append_html(out, text);
                },
                {texts[0], texts[8], pieces("", "<"), pieces("", "&")});
}

TEST(LinearCost, J17_F39_EmailAddressesAndNames) {
  // 1,024 bytes are looked at; what is longer is refused for its length.
  for (const std::size_t size : {std::size_t{1024}, body})
    expect_linear("e-mail", size, [](std::string_view text) { static_cast<void>(parse_email_address(text)); },
                  {pieces("a@", "a.", "a"), pieces("a@", "\xC3\xA4"), pieces("a@", "\xE4\xBD\xA0", ".de"),
                   pieces("", "@"), pieces("", "a"), pieces("a@", "xn--a."), pieces("", " "),
                   pieces("a@a", "\xCC\x81\xCC\xA7"), pieces("a@", ".")});
}

TEST(LinearCost, J17_F39_CodesAndMoments) {
  expect_linear("code", body, [](std::string_view text) { static_cast<void>(flow::links::read_code(text)); },
                {pieces("", " "), pieces("", "-"), pieces("", "1")});
  expect_linear("moment", body, [](std::string_view text) { static_cast<void>(parse_rfc3339(text)); },
                {pieces("2026-01-31T08:00:00.", "0", "Z"), pieces("", "1")});
}

// Tokens ---------------------------------------------------------------------------------------------

TEST(LinearCost, J17_F39_Tokens) {
  using namespace crypto;
  const std::vector<Make> texts{pieces("", "a"),
                                pieces("", "."),
                                pieces("a.", "a", ".a"),
                                pieces("a.a.", "a"),
                                pieces("eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.", "e", ".a"),
                                pieces("", "=")};
  const HmacKey key{Secret{std::string_view{"a key that only this test has"}}};
  const std::array<const HmacKey*, 1> keys{&key};
  const jose::KeySet none{std::vector<jose::NamedVerifyKey>{}};
  const jose::ExpectedAudience expected{"i", "a", "c"};
  expect_linear(
      "JWS", head, [](std::string_view text) { static_cast<void>(jose::split_compact(text)); }, texts);
  expect_linear(
      "access token", head,
      [&](std::string_view text) { static_cast<void>(jose::verify_access_token(text, none, expected, 1)); },
      texts);
  expect_linear(
      "own token", head,
      [&](std::string_view text) {
        static_cast<void>(jose::read_own_token(jose::refresh_token_form, text, keys));
      },
      texts);
  expect_linear("JOSE header", 4096,
                [](std::string_view text) { static_cast<void>(jose::parse_jose_header(text)); },
                {numbers("{\"alg\":\"a\"", ",\"a", "\":\"\"", "}"), pieces("{\"alg\":\"", "\\u0041", "\"}")});
  expect_linear(
      "base64", body, [](std::string_view text) { static_cast<void>(decode_base64url(text)); }, texts);
}

// Stored hashes, settings, templates, replies of mail servers ---------------------------------------------

TEST(LinearCost, J17_F39_FormsOfStoredHashes) {
  expect_linear("PHC", body,
                [](std::string_view text) { static_cast<void>(crypto::password::is_acceptable_hash(text)); },
                {pieces("$argon2id$", "$"), pieces("$argon2id$v=19$m=64,t=1,p=1$", "A"),
                 pieces("$argon2id$v=19$m=", "1"), pieces("$argon2id$v=19$", "m=64,"), pieces("$2b$10$", "a"),
                 pieces("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$", "A")});
}

TEST(LinearCost, J17_F39_Settings) {
  expect_linear("duration", value,
                [](std::string_view text) { static_cast<void>(settings::parse_duration(text)); },
                {pieces("", "1"), pieces("", "1h"), pieces("", " ")});
  expect_linear("URL", value, [](std::string_view text) { static_cast<void>(settings::parse_url(text)); },
                {pieces("http://", "a"), pieces("http://a", "/a"), pieces("http://a", "/"),
                 pieces("http://", "a."), pieces("http://", ":"), pieces("http://[", ":", "]")});
  expect_linear("endpoint", value,
                [](std::string_view text) { static_cast<void>(settings::parse_endpoint(text)); },
                {pieces("", "1"), pieces("", ":"), pieces("[", ":", "]:1")});
  expect_linear("mailbox", value,
                [](std::string_view text) { static_cast<void>(settings::parse_mailbox(text)); },
                {pieces("", "\""), pieces("", "\\"), pieces("", "<"), pieces("a <", "a", ">"),
                 pieces("", "@"), pieces("\"", "\\\"")});
  expect_linear(
      "settings file", value, [](std::string_view text) { settings::read_toml(text, "f"); },
      {numbers("", "a", " = 1\n"), pieces("", "#\n"), pieces("a = [", "1,", "]"),
       pieces("a = \"", "\\\"", "\""), pieces("", "[a]\n"), numbers("", "[a", "]\n"), pieces("", "\n")});
}

TEST(LinearCost, J17_MailsThatAreReadBack) {
  expect_linear("mail", body, [](std::string_view text) { static_cast<void>(mail::read_message(text)); },
                {pieces("Subject: ", "=?utf-8?q?"), pieces("Subject: ", "=?utf-8?q?a?= "),
                 pieces("Subject: ", " "), pieces("Subject: x\n", " y\n"), pieces("", "Subject: x\n"),
                 pieces("Content-Type: multipart/x; boundary=\"b\"\n\n", "--b\n"),
                 pieces("Content-Type: multipart/x; boundary=\"b\"\n\n", "--b\n\nx\n"),
                 pieces("Content-Type: ", "boundary=\"", "\n\n"),
                 pieces("Content-Transfer-Encoding: quoted-printable\n\n", "=41"),
                 pieces("Content-Transfer-Encoding: quoted-printable\n\n", "=\n"),
                 pieces("Content-Transfer-Encoding: quoted-printable\n\n", " ")});
  expect_linear("links", body, [](std::string_view text) { static_cast<void>(web::find_links(text)); },
                {pieces("", "http"), pieces("", "http://"), pieces("", "http://a "), pieces("http://a", "."),
                 pieces("", "http://..."), pieces("", "\n"), pieces("", "\t")});
}

TEST(LinearCost, J17_F39_TemplatesAndReplies) {
  const std::vector<std::string_view> names{"a", "list.b"};
  expect_linear("template", value,
                [&](std::string_view text) {
                  try {
                    const Template made("t", text, Markup::html, names);
                    made.render({{"a", "x"}});
                  } catch (const BadTemplate&) {
                  }
                },
                {pieces("", "{{a}}"), pieces("", "{{#a}}x{{/a}}"), pieces("", "{{! c }}\n"), pieces("", "{"),
                 pieces("", "{{"), pieces("", "\n"), pieces("", "{{#a}}\n{{/a}}\n"), pieces("", "{{#a}}"),
                 pieces("", " ", "{{! c }}")});
  expect_linear("reply", body, [](std::string_view text) { static_cast<void>(mail::clean_reply(text)); },
                {pieces("", "a"), pieces("", " "), pieces("", "a@b "), pieces("", "\r\n")});
  expect_linear("mechanisms", body,
                [](std::string_view text) { static_cast<void>(mail::read_mechanisms(text)); },
                {pieces("250-AUTH ", "PLAIN "), pieces("250 ", " ")});
}

}  // namespace
}  // namespace latchkey::test
