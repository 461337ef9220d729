#include "http/wire/framing.h"

#include <gtest/gtest.h>

#include <string>

#include "http/escape.h"
#include "http/wire/head_parser.h"

namespace latchkey::http {
namespace {

using Scan = wire::HeadScanner::State;
using Chunks = wire::ChunkDecoder::State;

/// The verdict on a head that arrives in pieces of `step` bytes.
Scan scan(std::string_view text, std::size_t step) {
  Limits limits;
  wire::HeadScanner scanner(limits);
  for (std::size_t size = std::min(step, text.size());; size = std::min(size + step, text.size())) {
    Scan state = scanner.scan(text.substr(0, size));
    if (state != Scan::incomplete || size == text.size()) return state;
  }
}

Scan scan_anyhow(std::string_view text) {
  Scan whole = scan(text, text.size());
  for (std::size_t step : {1, 2, 3, 7})
    EXPECT_EQ(scan(text, step), whole) << text << " in pieces of " << step;
  return whole;
}

TEST(HttpFraming, FindsTheEndOfAHead) {
  Limits limits;
  wire::HeadScanner scanner(limits);
  std::string text = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nnext";
  EXPECT_EQ(scanner.scan(text), Scan::complete);
  EXPECT_EQ(scanner.start(), 2U);
  EXPECT_EQ(text.substr(scanner.end()), "next");
  EXPECT_EQ(scan_anyhow("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Scan::complete);
  EXPECT_EQ(scan_anyhow("GET / HTTP/1.1\r\nHost: a\r\n"), Scan::incomplete);
  EXPECT_EQ(scan_anyhow("GET / HTTP/1.1\r\nHost: a\r\n\r"), Scan::incomplete);
}

TEST(HttpFraming, H05RefusesBareLineEndingsControlsAndFolding) {
  for (std::string_view head : {
           std::string_view("GET / HTTP/1.1\nHost: a\n\n"),
           std::string_view("GET / HTTP/1.1\r\nHost: a\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", 27),
           std::string_view("GET / HTTP/1.1\r\nX: a\x0b"
                            "b\r\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\nX: a\x7f\r\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n"),
           std::string_view("GET / HTTP/1.1\r\n\tX: a\r\n\r\n"),
           std::string_view("\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
           std::string_view("\n"),
           std::string_view("\x16\x03\x01\x02"),
       })
    EXPECT_EQ(scan_anyhow(head), Scan::malformed) << head;
}

TEST(HttpFraming, H10BoundsLinesAndHeads) {
  Limits limits;
  std::string line(limits.request_line + 1, 'a');
  EXPECT_EQ(scan_anyhow(line), Scan::line_too_long);
  EXPECT_EQ(scan_anyhow(line + "\r\n"), Scan::line_too_long);
  std::string long_header = "GET / HTTP/1.1\r\nX: " + std::string(limits.head, 'a');
  EXPECT_EQ(scan_anyhow(long_header), Scan::head_too_large);
  std::string headers = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < limits.headers; ++i) headers += "a: 1\r\n";
  EXPECT_EQ(scan_anyhow(headers + "\r\n"), Scan::complete);
  EXPECT_EQ(scan_anyhow(headers + "a: 1\r\n\r\n"), Scan::head_too_large);
}

TEST(HttpFraming, H05FindsControlBytesWhereverTheyStand) {
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        EXPECT_EQ(has_control_bytes(text), control) << byte << " at " << at << " of " << size;
        text[size - 1 - at / 2] = '\t';
        if (text[at] != '\t') {
          EXPECT_EQ(has_control_bytes(text), control);
        }
      }
    }
  }
}

struct Decoded {
  Chunks state;
  std::string body;
  std::string rest;
};

Decoded decode(std::string_view text, std::size_t step, std::size_t limit = 100) {
  wire::ChunkDecoder decoder;
  Decoded out{Chunks::incomplete, {}, {}};
  std::string input;
  for (std::size_t at = 0; at < text.size() && out.state == Chunks::incomplete; at += step) {
    input += text.substr(at, step);
    std::size_t consumed = 0;
    out.state = decoder.decode(input, consumed, &out.body, limit);
    input.erase(0, consumed);
    if (out.state == Chunks::complete)
      out.rest = input + std::string(text.substr(std::min(at + step, text.size())));
  }
  return out;
}

Decoded decode_anyhow(std::string_view text) {
  Decoded whole = decode(text, text.size());
  for (std::size_t step : {1, 2, 3, 5}) EXPECT_EQ(decode(text, step).state, whole.state) << text;
  return whole;
}

TEST(HttpFraming, TakesChunkFramingOff) {
  Decoded decoded = decode_anyhow("3\r\nabc\r\n00A;ext=1;flag\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET");
  EXPECT_EQ(decoded.state, Chunks::complete);
  EXPECT_EQ(decoded.body, "abc0123456789");
  EXPECT_EQ(decoded.rest, "GET");
  EXPECT_EQ(decode_anyhow("0\r\n\r\n").state, Chunks::complete);
  EXPECT_EQ(decode_anyhow("0\r\nA:\r\nB-c: d: e\r\n\r\n").state, Chunks::complete);
  EXPECT_EQ(decode_anyhow("5\r\nab").state, Chunks::incomplete);
}

TEST(HttpFraming, H04RefusesOddChunks) {
  for (const char* text : {"2\nxx\r\n0\r\n\r\n",
                           "1;ext=\"\r\n\"x\r\n",
                           "1;a=\"b\"\r\nx\r\n",
                           "0_5\r\nabcde\r\n",
                           " 5\r\nabcde\r\n",
                           "5 \r\nabcde\r\n",
                           "5\t\r\nabcde\r\n",
                           "00000000000000005\r\nabcde",
                           "0x5\r\nabcde\r\n",
                           "-1\r\n",
                           "+5\r\n",
                           "\r\n",
                           ";a\r\n",
                           "5\r\nabcdeX\n",
                           "5\r\nabcdefg\r\n",
                           "5\r\nabcde\n0\r\n\r\n",
                           "5\rabcde",
                           "1; a\r\nx\r\n",
                           "1;a\rb\r\n",
                           "1;a\nb\r\n",
                           "0\r\nT: a\nb\r\n\r\n",
                           "0\r\n folded\r\n\r\n",
                           "0\r\nT: a\r\n folded\r\n\r\n",
                           "0\r\nX y\r\n\r\n",
                           "0\r\nX\r\n\r\n",
                           "0\r\nX : y\r\n\r\n",
                           "0\r\nT: a\r\nX y\r\n\r\n",
                           "0\r\n: y\r\n\r\n",
                           "0\r\n\n",
                           "0\r\n\rx",
                           "0\r\nT: a\rX\r\n\r\n",
                           "g\r\n"})
    EXPECT_EQ(decode_anyhow(text).state, Chunks::malformed) << text;
}

TEST(HttpFraming, H09BoundsChunkedBodiesWhateverTheyClaim) {
  EXPECT_EQ(decode_anyhow("FFFFFFFFFFFFFFFF\r\n").state, Chunks::too_large);
  EXPECT_EQ(decode_anyhow("65\r\n").state, Chunks::too_large);
  EXPECT_EQ(decode_anyhow("60\r\n" + std::string(96, 'a') + "\r\n5\r\n").state, Chunks::too_large);
  EXPECT_EQ(decode_anyhow("1;" + std::string(5000, 'a')).state, Chunks::malformed);
  EXPECT_EQ(decode_anyhow("0\r\n" + std::string(5000, 'a')).state, Chunks::malformed);
  wire::ChunkDecoder decoder;
  std::size_t consumed = 0;
  EXPECT_EQ(decoder.decode("65\r\n", consumed, nullptr, 100), Chunks::too_large);
}

bool parses(std::string_view lines, std::string_view version = "1.1") {
  wire::RequestHead head;
  std::string text = "POST /x HTTP/" + std::string(version) + "\r\n" + std::string(lines) + "\r\n";
  return scan(text, text.size()) == Scan::complete && wire::parse_head(text, head);
}

TEST(HttpHead, ReadsWhatTheConnectionNeeds) {
  wire::RequestHead head;
  ASSERT_TRUE(wire::parse_head(
      "POST /x?y HTTP/1.1\r\nhost: a\r\nX:  b \r\nCONTENT-LENGTH: 12\r\nExpect: 100-Continue\r\n\r\n", head));
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.target, "/x?y");
  EXPECT_EQ(head.headers.size(), 4U);
  EXPECT_EQ(head.headers[1].value, "b");
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_TRUE(head.expects_continue);
  ASSERT_TRUE(
      wire::parse_head("post / HTTP/1.0\r\nConnection: Keep-Alive\r\nExpect: 100-continue\r\n\r\n", head));
  EXPECT_EQ(head.method, Method::other);
  EXPECT_EQ(head.version, 10U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expects_continue);
  EXPECT_FALSE(head.content_length);
  ASSERT_TRUE(wire::parse_head("GET / HTTP/1.0\r\n\r\n", head));
  EXPECT_FALSE(head.keep_alive);
  ASSERT_TRUE(wire::parse_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", head));
  EXPECT_FALSE(head.keep_alive);
}

TEST(HttpHead, H01H02RefusesAmbiguousLengths) {
  EXPECT_TRUE(parses("Host: a\r\nContent-Length: 6\r\n"));
  for (const char* value :
       {"5, 6", "5, 5", "+5", "0x5", "-1", "", "5 6", "18446744073709551617", "9999999999999999999", "5;"})
    EXPECT_FALSE(parses("Host: a\r\nContent-Length: " + std::string(value) + "\r\n")) << value;
  EXPECT_FALSE(parses("Host: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n"));
  EXPECT_FALSE(parses("Host: a\r\nContent-Length: 5\r\ncontent-length: 5\r\n"));
  EXPECT_FALSE(parses("Host: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(parses("Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n"));
  EXPECT_FALSE(parses("Host: a\r\nTransfer-Encoding: x\r\nContent-Length: 6\r\n"));
}

TEST(HttpHead, H03RefusesEveryTransferEncodingButChunked) {
  EXPECT_TRUE(parses("Host: a\r\nTransfer-Encoding: Chunked\r\n"));
  for (const char* value : {"xchunked", "chunked, identity", "identity", "identity, chunked", "gzip, chunked",
                            "\x0b"
                            "chunked",
                            "\"chunked\"", "chunked;q=1", ",chunked", "chunked,", ""})
    EXPECT_FALSE(parses("Host: a\r\nTransfer-Encoding: " + std::string(value) + "\r\n")) << value;
  EXPECT_FALSE(parses("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(parses("Host: a\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(parses("Host: a\r\nTransfer-Encoding : chunked\r\n"));
  EXPECT_FALSE(parses("Host: a\r\nTransfer-Encoding: chunked\r\n", "1.0"));
}

TEST(HttpHead, H13RefusesOddHosts) {
  for (const char* host :
       {"a", "a:8080", "auth.example.org", "127.0.0.1:1", "[::1]", "[::1]:8080", "a_b", "a:"})
    EXPECT_TRUE(parses("Host: " + std::string(host) + "\r\n")) << host;
  for (const char* host : {"", "a b", "a,b", "a/b", "user@a", "a:b", "a:80:80", "[::1", "[]", "::1", "a\"",
                           "\xC3\xA9", "a:123456"})
    EXPECT_FALSE(parses("Host: " + std::string(host) + "\r\n")) << host;
  EXPECT_FALSE(parses(""));
  EXPECT_TRUE(parses("", "1.0"));
  EXPECT_FALSE(parses("Host: a\r\nHost: a\r\n"));
  EXPECT_FALSE(parses("Host: a\r\nhost: b\r\n", "1.0"));
}

TEST(HttpHead, H05RefusesOddHeaderLines) {
  for (const char* line : {"Host : a", ": a", "Ho st: a", "Host", "H\xC3\xB6st: a", "Host\t: a", "(x): y"})
    EXPECT_FALSE(parses("Host: a\r\n" + std::string(line) + "\r\n")) << line;
  EXPECT_TRUE(parses("Host: a\r\nX: h\xC3\xB6st\r\nY:\r\n"));
}

TEST(HttpHead, RefusesOddRequestLines) {
  wire::RequestHead head;
  for (const char* line :
       {"GET / HTTP/2.0", "GET / HTTP/1.2", "GET / http/1.1", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ",
        " GET / HTTP/1.1", "G(T / HTTP/1.1", "GET /a b HTTP/1.1", "GET / HTTP/0.9", ""})
    EXPECT_FALSE(wire::parse_head(std::string(line) + "\r\nHost: a\r\n\r\n", head)) << line;
}

}  // namespace
}  // namespace latchkey::http
