#include "http/wire/write_response.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>
#include <random>

#include "http/escape.h"

namespace latchkey::http::wire {

namespace {

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits;
  auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

/// SplitMix64's finalizer: neighbouring inputs give unrelated outputs, and no two the same one.
std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

std::uint64_t random_word() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

constexpr auto hex_pairs = [] {
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = "0123456789abcdef"[i >> 4];
    pairs[2 * i + 1] = "0123456789abcdef"[i & 15];
  }
  return pairs;
}();

void write_hex(std::uint64_t word, char* out) {
  for (int i = 7; i >= 0; --i, word >>= 8) std::memcpy(out + 2 * i, &hex_pairs[2 * (word & 255)], 2);
}

}  // namespace

std::string_view HttpDate::now() {
  std::int64_t second = std::time(nullptr);
  if (second != second_) {
    constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::time_t when = second;
    std::tm utc{};
    gmtime_r(&when, &utc);
    std::string format = std::string(days[utc.tm_wday]) + ", %d " + months[utc.tm_mon] + " %Y %H:%M:%S GMT";
    size_ = std::strftime(text_.data(), text_.size(), format.c_str(), &utc);
    second_ = second;
  }
  return {text_.data(), size_};
}

RequestIds::RequestIds() : high_(random_word()), low_(random_word()) {}

void RequestIds::next(Id& id) {
  ++low_;
  write_hex(scramble(high_ ^ scramble(low_ + 1)), id.data());
  write_hex(scramble(low_), id.data() + 16);
}

std::string keep_alive_lines(std::chrono::milliseconds idle) {
  using std::chrono::seconds;
  const auto margin = std::max<std::chrono::milliseconds>(seconds(1), idle / 20);
  const auto promised = std::chrono::floor<seconds>(idle - margin);
  if (promised < seconds(1)) return {};
  return "Connection: keep-alive\r\nKeep-Alive: timeout=" + std::to_string(promised.count()) + "\r\n";
}

bool has_safe_headers(const Response& response) {
  bool extra =
      std::all_of(response.headers.begin(), response.headers.end(), [](const ResponseHeader& header) {
        return !has_control_bytes(header.name) && !has_control_bytes(header.value);
      });
  return extra && !has_control_bytes(response.content_type) && !has_control_bytes(response.cache_control) &&
         !has_control_bytes(response.content_security_policy) && !has_control_bytes(response.referrer_policy);
}

void append_response(std::string& out, const Response& response, const Frame& frame) {
  out.reserve(out.size() + response.body.size() + 640);
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(response.status));
  out.append(" ").append(reason_phrase(response.status)).append("\r\n");
  append_line(out, "Date", frame.date);
  append_line(out, "X-Request-Id", frame.request_id);
  if (!response.content_type.empty()) append_line(out, "Content-Type", response.content_type);
  if (response.status != 204 && response.status != 304) {  // RFC 9110 §8.6
    out += "Content-Length: ";
    append_number(out, response.body.size());
    out += "\r\n";
  }
  append_line(out, "Cache-Control", response.cache_control);
  append_line(out, "Content-Security-Policy", response.content_security_policy);
  out += "X-Content-Type-Options: nosniff\r\n";
  append_line(out, "Referrer-Policy", response.referrer_policy);
  if (frame.vary_by_origin) out += "Vary: Origin\r\n";
  if (frame.allowed_origin) {
    append_line(out, "Access-Control-Allow-Origin", *frame.allowed_origin);
    out += "Access-Control-Expose-Headers: X-Request-Id, Retry-After, WWW-Authenticate, Link\r\n";
  }
  for (const ResponseHeader& header : response.headers) append_line(out, header.name, header.value);
  if (!frame.keep_alive)
    out += "Connection: close\r\n";
  else if (!frame.kept_lines.empty())
    out += frame.kept_lines;
  else if (frame.http_1_0)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (!frame.omit_body) out += response.body;
}

}  // namespace latchkey::http::wire
