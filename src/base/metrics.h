#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/time.h"

/// Counts for operators, as Prometheus reads them (text format 0.0.4). The set is fixed at compile time and
/// no label comes from a request, so that nobody can grow it. Counting takes one uncontended atomic addition:
/// every thread has a block of its own cache lines, and `render` sums them. Any thread may call anything
/// here, at any time of the process.
namespace latchkey::metrics {

/// Which row of the route table answered. `unmatched` is everything that no row took, malformed requests
/// included.
enum class Route : std::uint8_t {
  signup,
  login,
  logout,
  refresh,
  confirmation,
  request_email,
  admin,
  me,
  sessions,
  documents,
  health,
  unmatched,
};
inline constexpr std::size_t route_count = static_cast<std::size_t>(Route::unmatched) + 1;

/// Events that only grow in number. Names, labels and meanings are in metrics.cpp.
enum class Counter : std::uint8_t {
  sign_up_created,
  sign_up_exists,
  sign_up_refused,
  sign_in_ok,
  sign_in_invalid,
  sign_in_unconfirmed,
  sign_in_blocked,
  sign_in_limited,
  sign_in_overloaded,
  refresh_rotated,
  refresh_repeated,
  refresh_reused,
  refresh_refused,
  confirmation_ok,
  confirmation_repeated,
  confirmation_refused,
  session_opened,
  session_ended_logout,
  session_ended_reuse,
  session_ended_admin,
  access_token_refused,
  access_token_cached,
  access_token_verified,
  mail_queued,
  mail_sent,
  mail_retried,
  mail_put_aside,
  mail_dropped,
  mail_withheld,
  password_hashed,
  hashing_refused,
  connection_accepted,
  connection_refused,
  database_batch,
  database_write,
  database_unavailable,
  housekeeping_removed,
  signing_key_rotated,
};
inline constexpr std::size_t counter_count = static_cast<std::size_t>(Counter::signing_key_rotated) + 1;

/// Values that go up and down.
enum class Gauge : std::uint8_t {
  connections_open,
  hashing_queue_length,
  database_queue_length,
  mail_outbox_length,
};
inline constexpr std::size_t gauge_count = static_cast<std::size_t>(Gauge::mail_outbox_length) + 1;

/// How long something took.
enum class Timing : std::uint8_t { password_hash, database_batch, mail_delivery };
inline constexpr std::size_t timing_count = static_cast<std::size_t>(Timing::mail_delivery) + 1;

void count(Counter counter, std::uint64_t times = 1);
/// One answered request: its route, its HTTP status, and the time from its last byte in to its first byte
/// out.
void count_request(Route route, int status, Microseconds elapsed);
/// Moves a gauge. Threads may each move it their own way (one opens, another closes): the sum counts.
void move(Gauge gauge, std::int64_t by);
void observe(Timing timing, Microseconds elapsed);

/// The sum over all threads.
std::uint64_t read(Counter counter);
std::int64_t read(Gauge gauge);

/// Everything, in Prometheus text format 0.0.4, the process's own age, memory and dropped log lines included.
std::string render();
inline constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace latchkey::metrics
