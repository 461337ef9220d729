#include "http/wire/head_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/unicode.h"
#include "http/wire/framing.h"

namespace latchkey::http::wire {

namespace beast_http = boost::beast::http;

namespace {

using boost::beast::error_code;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// Beast's parser over a text that holds a whole head and nothing else. It never sees a body: the chunk
/// framing that Boost 1.81 accepts is wider than ours (framing.h).
class Parser final : public beast_http::basic_parser<true> {
 public:
  explicit Parser(RequestHead& head) : head_(head) {
    eager(false);
    header_limit(UINT32_MAX);
    body_limit(boost::none);
  }

 private:
  using Text = boost::beast::string_view;

  void on_request_impl(beast_http::verb, Text method, Text target, int version, error_code&) override {
    head_.method = http::parse_method(view(method));
    head_.target = view(target);
    head_.version = static_cast<unsigned>(version);
  }
  void on_field_impl(beast_http::field, Text name, Text value, error_code&) override {
    head_.headers.push_back({view(name), view(value)});
  }
  void on_response_impl(int, Text, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(Text body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, error_code&) override { return body.size(); }
  void on_finish_impl(error_code&) override {}

  RequestHead& head_;
};

/// Whether nothing but the line's end follows the value. Blanks behind it are allowed elsewhere; in what
/// decides where a message ends, other readers have taken them for a part of the value (security case H02).
bool ends_its_line(const HeaderView& line) { return line.value.data()[line.value.size()] == '\r'; }

/// Whether the lines that decide where the message ends say one thing only.
bool judge_framing(RequestHead& head) {
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t encodings = 0;
  for (const HeaderView& line : head.headers) {
    switch (line.name.size()) {
      case 4:
        if (!equal_ignoring_ascii_case(line.name, "host")) break;
        ++hosts;
        if (!is_valid_host(line.value)) return false;
        break;
      case 6:
        if (equal_ignoring_ascii_case(line.name, "expect"))
          head.expects_continue = equal_ignoring_ascii_case(line.value, "100-continue");
        break;
      case 14:
        if (!equal_ignoring_ascii_case(line.name, "content-length")) break;
        ++lengths;
        head.content_length = parse_content_length(line.value);
        if (!head.content_length || !ends_its_line(line)) return false;
        break;
      case 17:
        if (!equal_ignoring_ascii_case(line.name, "transfer-encoding")) break;
        ++encodings;
        if (!equal_ignoring_ascii_case(line.value, "chunked") || !ends_its_line(line)) return false;
        head.chunked = true;
        break;
      default:
        break;
    }
  }
  if (hosts > 1 || (hosts == 0 && head.version == 11)) return false;
  if (lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0)) return false;
  return encodings == 0 || head.version == 11;
}

}  // namespace

bool parse_head(std::string_view text, RequestHead& head) {
  head.method = Method::other;
  head.target = {};
  head.headers.clear();
  head.content_length.reset();
  head.chunked = false;
  head.expects_continue = false;

  Parser parser(head);
  error_code error;
  std::size_t used = parser.put(boost::asio::const_buffer(text.data(), text.size()), error);
  if (error || used != text.size() || !parser.is_header_done()) return false;
  head.keep_alive = parser.keep_alive();
  if (!judge_framing(head)) return false;
  if (head.version == 10) head.expects_continue = false;  // RFC 9110 §10.1.1
  return true;
}

}  // namespace latchkey::http::wire
