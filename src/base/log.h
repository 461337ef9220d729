#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace latchkey {
class Secret;
}

/// What the operator reads on standard error. A line is an event name and fields:
///
///     log::info("mail.sent", {{"request_id", id}, {"tries", 3}});
///     2026-01-31T08:00:00.000000Z INFO mail.sent request_id=… tries=3
///
/// Event names and keys are literals of ours (`noun.verb`, snake_case). Values may come from anywhere: they
/// are escaped, so that no value can forge a line or a field, or reach a terminal as a control sequence.
/// There is no way to log a Secret.
///
/// Any thread may log. A call formats the line and queues it; it never waits for standard error. When the
/// reader is stuck and the queue is full, the oldest lines go, are counted, and the count is logged once the
/// reader is back.
namespace latchkey::log {

enum class Level : std::uint8_t { debug, info, warn, error };
enum class Format : std::uint8_t { text, json };

/// A field's value: a text, a 64-bit integer, or a truth value.
class Value {
 public:
  Value(std::string_view text) : value_(text) {}                     // NOLINT(google-explicit-constructor)
  Value(const char* text) : Value(std::string_view{text}) {}         // NOLINT(google-explicit-constructor)
  Value(const std::string& text) : Value(std::string_view{text}) {}  // NOLINT(google-explicit-constructor)
  template <std::same_as<bool> B>
  Value(B truth) : value_(truth) {}  // NOLINT(google-explicit-constructor)
  template <std::integral I>
  requires(!std::same_as<I, bool> && !std::same_as<I, char>) Value(I number)
      : value_(static_cast<std::int64_t>(number)) {}  // NOLINT(google-explicit-constructor)
  Value(const Secret&) = delete;

  const std::variant<std::string_view, std::int64_t, bool>& get() const { return value_; }

 private:
  std::variant<std::string_view, std::int64_t, bool> value_;
};

/// Valid during the call it is passed to.
struct Field {
  std::string_view key;
  Value value;
};

using Fields = std::initializer_list<Field>;

/// Begins queueing lines of at least `level` to standard error. Called once, before other threads log. Before
/// it, and after `stop`, warnings and errors are written at once and everything else is dropped, so that the
/// short commands need none of it.
void start(Level level, Format format);

/// Writes what is queued, giving up after a second when the reader is stuck. No other thread may log while it
/// runs.
void stop();

/// Whether a line of that level would be written; for when its fields are costly to make.
bool enabled(Level level);

void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

/// Shows a text of ours as it is, behind what has been logged before it: for a person at a terminal. Without
/// a queue (`start`) it is dropped.
void show(std::string_view text);

/// Lines lost since the start.
std::uint64_t count_dropped();

/// The line that would be written, without its newline. `time` is RFC 3339.
std::string format_line(Format format, std::string_view time, Level level, std::string_view event,
                        Fields fields);

}  // namespace latchkey::log
