#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <thread>
#include <type_traits>

#include "base/secret.h"

namespace latchkey::log {
namespace {

std::string text_line(Fields fields) { return format_line(Format::text, "T", Level::info, "e.v", fields); }
std::string json_line(Fields fields) { return format_line(Format::json, "T", Level::warn, "e.v", fields); }

TEST(Log, a_secret_is_no_value) {
  static_assert(!std::is_constructible_v<Value, const Secret&>);
  static_assert(!std::is_constructible_v<Value, Secret>);
  static_assert(!std::is_constructible_v<Value, char>);
}

TEST(Log, text_lines_have_time_level_event_and_fields) {
  const std::string name = "a/b:c";
  EXPECT_EQ(
      text_line(
          {{"request_id", name}, {"tries", 3}, {"big", INT64_MIN}, {"ok", true}, {"left", std::size_t{7}}}),
      "T INFO e.v request_id=a/b:c tries=3 big=-9223372036854775808 ok=true left=7");
  EXPECT_EQ(text_line({}), "T INFO e.v");
}

TEST(Log, json_lines_are_json) {
  const std::string line = json_line({{"a", "x\n\"\\"}, {"n", -1}, {"t", false}, {"bad", "\xff\x1b[0m"}});
  const auto value = boost::json::parse(line);
  EXPECT_EQ(value.at("event").as_string(), "e.v");
  EXPECT_EQ(value.at("level").as_string(), "WARN");
  EXPECT_EQ(value.at("a").as_string(), "x\n\"\\");
  EXPECT_EQ(value.at("n").as_int64(), -1);
  EXPECT_FALSE(value.at("t").as_bool());
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST(Log, H06_J12_no_value_forges_a_line_or_a_field) {
  for (const std::string_view evil :
       {"x\n2026-01-01T00:00:00Z INFO sign_in.ok", "x\r\ny", "x y=z", "x=y", "\"", "\\", "", " ", "\x1b[2J",
        "\x7f", "\u0085", "\u009b2J", "\u2028", "\u202Eevil", "\u200b", "%n%s{}{0}", "${jndi:ldap://x}",
        "\xff\xfe", "a\xe2\x82"}) {
    for (const std::string& line :
         {text_line({{"k", evil}, {"next", 1}}), json_line({{"k", evil}, {"next", 1}})}) {
      for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << line;
      for (const std::string_view raw : {"\u0085", "\u009b", "\u2028", "\u202E", "\u200b", "\xff", "\xfe"}) {
        EXPECT_EQ(line.find(raw), std::string::npos) << line;
      }
    }
    // Outside quotes there are exactly the spaces that separate fields.
    const std::string line = text_line({{"k", evil}, {"next", 1}});
    int outside = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (quoted && line[i] == '\\') {
        ++i;
      } else if (line[i] == '"') {
        quoted = !quoted;
      } else if (line[i] == ' ' && !quoted) {
        ++outside;
      }
    }
    EXPECT_FALSE(quoted) << line;
    EXPECT_EQ(outside, 4) << line;
    EXPECT_TRUE(line.ends_with(" next=1")) << line;
  }
}

TEST(Log, values_are_escaped_in_one_way) {
  EXPECT_EQ(text_line({{"k", "a\tb\"c\\d\x01\xff"}}), R"(T INFO e.v k="a\tb\"c\\d\u{1}\xff")");
  EXPECT_EQ(text_line({{"k", "ünï 😀"}}), "T INFO e.v k=\"ünï 😀\"");
  EXPECT_EQ(text_line({{"k", ""}}), "T INFO e.v k=\"\"");
}

TEST(Log, long_values_are_cut) {
  const std::string huge(100'000, 'x');
  EXPECT_LT(text_line({{"k", huge}}).size(), 1100U);
  EXPECT_LT(json_line({{"k", huge}}).size(), 1100U);
}

/// Standard error as a pipe, for as long as it lives.
class CapturedStandardError {
 public:
  CapturedStandardError() {
    if (::pipe2(pipe_, O_CLOEXEC) != 0) std::abort();
    ::fcntl(pipe_[1], F_SETPIPE_SZ, 4096);
    saved_ = ::dup(STDERR_FILENO);
    ::dup2(pipe_[1], STDERR_FILENO);
    ::close(pipe_[1]);
  }
  ~CapturedStandardError() { restore(); }

  /// Everything written, once all writers are gone.
  std::string restore_and_read() {
    restore();
    return read_all();
  }
  std::string read_all() {
    std::string text;
    char piece[4096];
    for (ssize_t n = 0; (n = ::read(pipe_[0], piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<std::size_t>(n));
    return text;
  }
  void restore() {
    if (saved_ < 0) return;
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    saved_ = -1;
  }

 private:
  int pipe_[2]{};
  int saved_ = -1;
};

TEST(Log, before_the_start_only_warnings_and_errors_are_written) {
  CapturedStandardError captured;
  info("one.info");
  warn("two.warn", {{"k", 1}});
  error("three.error");
  const std::string text = captured.restore_and_read();
  EXPECT_EQ(text.find("one.info"), std::string::npos);
  EXPECT_NE(text.find(" WARN two.warn k=1\n"), std::string::npos);
  EXPECT_NE(text.find(" ERROR three.error\n"), std::string::npos);
}

TEST(Log, the_queue_writes_everything_in_order_before_it_stops) {
  CapturedStandardError captured;
  std::string text;
  std::thread reader([&] { text = captured.read_all(); });
  start(Level::info, Format::text);
  EXPECT_TRUE(enabled(Level::info));
  EXPECT_FALSE(enabled(Level::debug));
  debug("no.debug");
  for (int i = 0; i < 1000; ++i) info("line.written", {{"i", i}});
  stop();
  captured.restore();
  reader.join();
  EXPECT_EQ(text.find("no.debug"), std::string::npos);
  std::size_t at = 0;
  for (int i = 0; i < 1000; ++i) {
    at = text.find("INFO line.written i=" + std::to_string(i) + "\n", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST(Log, Z56_a_stuck_reader_blocks_nobody_and_drops_are_counted) {
  CapturedStandardError captured;
  const std::uint64_t before = count_dropped();
  start(Level::info, Format::text);
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 20'000; ++i) info("flood.line", {{"i", i}});
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
  EXPECT_GT(count_dropped(), before + 10'000);
  const auto stopping = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - stopping, std::chrono::seconds(5));
  EXPECT_GT(count_dropped(), before + 19'000) << "what was queued when the log stopped is lost too";
}

TEST(Log, Z56_a_reader_that_comes_back_is_told_what_it_missed) {
  CapturedStandardError captured;
  start(Level::info, Format::text);
  for (int i = 0; i < 20'000; ++i) info("flood.line", {{"i", i}});
  std::string text;
  std::thread reader([&] { text = captured.read_all(); });
  info("last.line");
  stop();
  captured.restore();
  reader.join();
  EXPECT_NE(text.find(" WARN log.dropped lines="), std::string::npos);
  EXPECT_NE(text.find(" INFO last.line\n"), std::string::npos);
}

TEST(Log, what_is_shown_comes_behind_what_was_logged_and_as_it_is) {
  CapturedStandardError captured;
  std::string text;
  std::thread reader([&] { text = captured.read_all(); });
  start(Level::error, Format::json);
  error("before.it");
  show("  a block\n  {}: \"x\"\n");
  error("after.it");
  stop();
  show("nobody reads this\n");
  captured.restore();
  reader.join();
  const auto at = text.find("\n  a block\n  {}: \"x\"\n{");
  ASSERT_NE(at, std::string::npos) << text;
  EXPECT_LT(text.find("before.it"), at);
  EXPECT_GT(text.find("after.it"), at);
  EXPECT_EQ(text.find("nobody"), std::string::npos);
}

TEST(Log, a_reader_that_is_gone_kills_nobody) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  ::close(ends[0]);
  ::close(ends[1]);
  start(Level::info, Format::text);
  info("nobody.reads");
  stop();
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
}

}  // namespace
}  // namespace latchkey::log
