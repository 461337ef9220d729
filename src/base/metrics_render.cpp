#include <fmt/format.h>
#include <sys/resource.h>

#include <iterator>

#include "base/free_memory.h"
#include "base/log.h"
#include "base/metrics_table.h"

namespace latchkey::metrics {
namespace {

constexpr std::array<std::string_view, route_count> route_names{
    "signup", "login", "logout",   "refresh",   "confirmation", "request_email",
    "admin",  "me",    "sessions", "documents", "health",       "unmatched"};

/// Rows of one name stand together: Prometheus wants a family in one piece.
struct CounterRow {
  Counter counter;
  std::string_view name;
  std::string_view labels;
  std::string_view help;
};

// clang-format off
constexpr std::array<CounterRow, counter_count> counter_rows{{
    {Counter::sign_up_created,       "latchkey_sign_ups_total", R"(outcome="created")", "Sign-ups by outcome."},
    {Counter::sign_up_exists,        "latchkey_sign_ups_total", R"(outcome="exists")", ""},
    {Counter::sign_up_refused,       "latchkey_sign_ups_total", R"(outcome="refused")", ""},
    {Counter::sign_in_ok,            "latchkey_sign_ins_total", R"(outcome="ok")", "Sign-ins by outcome."},
    {Counter::sign_in_invalid,       "latchkey_sign_ins_total", R"(outcome="invalid")", ""},
    {Counter::sign_in_unconfirmed,   "latchkey_sign_ins_total", R"(outcome="unconfirmed")", ""},
    {Counter::sign_in_blocked,       "latchkey_sign_ins_total", R"(outcome="blocked")", ""},
    {Counter::sign_in_limited,       "latchkey_sign_ins_total", R"(outcome="limited")", ""},
    {Counter::sign_in_overloaded,    "latchkey_sign_ins_total", R"(outcome="overloaded")", ""},
    {Counter::refresh_rotated,       "latchkey_refreshes_total", R"(outcome="rotated")", "Refreshes by outcome; repeated is a retry within the grace, reused ends the session."},
    {Counter::refresh_repeated,      "latchkey_refreshes_total", R"(outcome="repeated")", ""},
    {Counter::refresh_reused,        "latchkey_refreshes_total", R"(outcome="reused")", ""},
    {Counter::refresh_refused,       "latchkey_refreshes_total", R"(outcome="refused")", ""},
    {Counter::confirmation_ok,       "latchkey_confirmations_total", R"(outcome="ok")", "Uses of confirmation links by outcome."},
    {Counter::confirmation_repeated, "latchkey_confirmations_total", R"(outcome="repeated")", ""},
    {Counter::confirmation_refused,  "latchkey_confirmations_total", R"(outcome="refused")", ""},
    {Counter::session_opened,        "latchkey_sessions_opened_total", "", "Sessions opened."},
    {Counter::session_ended_logout,  "latchkey_sessions_ended_total", R"(reason="logout")", "Sessions ended before their time, by reason."},
    {Counter::session_ended_reuse,   "latchkey_sessions_ended_total", R"(reason="reuse")", ""},
    {Counter::session_ended_admin,   "latchkey_sessions_ended_total", R"(reason="admin")", ""},
    {Counter::access_token_refused,  "latchkey_access_tokens_total", R"(outcome="refused")", "Access tokens presented; cached ones needed no signature check."},
    {Counter::access_token_cached,   "latchkey_access_tokens_total", R"(outcome="cached")", ""},
    {Counter::access_token_verified, "latchkey_access_tokens_total", R"(outcome="verified")", ""},
    {Counter::mail_queued,           "latchkey_mails_total", R"(outcome="queued")", "Mails by what became of them."},
    {Counter::mail_sent,             "latchkey_mails_total", R"(outcome="sent")", ""},
    {Counter::mail_retried,          "latchkey_mails_total", R"(outcome="retried")", ""},
    {Counter::mail_put_aside,        "latchkey_mails_total", R"(outcome="put_aside")", ""},
    {Counter::mail_dropped,          "latchkey_mails_total", R"(outcome="dropped")", ""},
    {Counter::mail_withheld,         "latchkey_mails_total", R"(outcome="withheld")", ""},
    {Counter::password_hashed,       "latchkey_passwords_hashed_total", "", "Password hashes computed."},
    {Counter::hashing_refused,       "latchkey_hashing_refused_total", "", "Password hashes refused because the queue was full."},
    {Counter::connection_accepted,   "latchkey_connections_accepted_total", "", "Connections accepted."},
    {Counter::connection_refused,    "latchkey_connections_refused_total", "", "Connections closed at once for lack of room."},
    {Counter::database_batch,        "latchkey_database_batches_total", "", "Write batches committed; each is one sync."},
    {Counter::database_write,        "latchkey_database_writes_total", "", "Writes that shared those batches."},
    {Counter::database_unavailable,  "latchkey_database_unavailable_total", "", "Requests answered 503 because the store could not serve them."},
    {Counter::housekeeping_removed,  "latchkey_housekeeping_removed_total", "", "Expired rows removed."},
    {Counter::signing_key_rotated,   "latchkey_signing_keys_made_total", "", "Signing keys made."},
}};

struct GaugeRow {
  Gauge gauge;
  std::string_view name;
  std::string_view help;
};
constexpr std::array<GaugeRow, gauge_count> gauge_rows{{
    {Gauge::connections_open,      "latchkey_connections_open", "Connections open now."},
    {Gauge::hashing_queue_length,  "latchkey_hashing_queue_length", "Passwords waiting to be hashed."},
    {Gauge::database_queue_length, "latchkey_database_queue_length", "Writes waiting for the writer."},
    {Gauge::mail_outbox_length,    "latchkey_mail_outbox_length", "Mails waiting to be sent or put aside, as counted a moment ago."},
}};

struct TimingRow {
  Timing timing;
  std::string_view name;
  std::string_view help;
};
constexpr std::array<TimingRow, timing_count> timing_rows{{
    {Timing::password_hash,  "latchkey_password_hash_seconds", "Time of one password hash, without waiting."},
    {Timing::database_batch, "latchkey_database_batch_seconds", "Time of one write batch, sync included."},
    {Timing::mail_delivery,  "latchkey_mail_delivery_seconds", "Time of one delivery to the mail server."},
}};
// clang-format on

template <class Rows>
constexpr bool is_in_order(const Rows& rows, auto key) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(key(rows[i])) != i) return false;
  }
  return true;
}
static_assert(is_in_order(counter_rows, [](const CounterRow& row) { return row.counter; }));
static_assert(is_in_order(gauge_rows, [](const GaugeRow& row) { return row.gauge; }));
static_assert(is_in_order(timing_rows, [](const TimingRow& row) { return row.timing; }));

class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(end(), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class Number>
  void sample(std::string_view name, std::string_view labels, Number number) {
    if (labels.empty()) {
      fmt::format_to(end(), "{} {}\n", name, number);
    } else {
      fmt::format_to(end(), "{}{{{}}} {}\n", name, labels, number);
    }
  }
  template <class Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number number) {
    family(name, type, help);
    sample(name, "", number);
  }
  void histogram(std::string_view name, std::string_view labels, std::size_t index) {
    const std::string_view comma = labels.empty() ? "" : ",";
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < bucket_bounds.size(); ++i) {
      below += read_bucket(index, i);
      fmt::format_to(end(), "{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, bucket_bounds[i].label,
                     below);
    }
    below += read_bucket(index, bucket_bounds.size());
    fmt::format_to(end(), "{}_bucket{{{}{}le=\"+Inf\"}} {}\n", name, labels, comma, below);
    sample(fmt::format("{}_sum", name), labels, std::chrono::duration<double>(read_total(index)).count());
    sample(fmt::format("{}_count", name), labels, below);
  }
  std::string text;

 private:
  std::back_insert_iterator<std::string> end() { return std::back_inserter(text); }
};

void render_requests(Page& page) {
  page.family("latchkey_requests_total", "counter", "Requests answered, by route and class of status.");
  for (std::size_t route = 0; route < route_count; ++route) {
    for (std::size_t status = 0; status < 5; ++status) {
      const std::uint64_t number = read_requests(route, status);
      // 2xx always stands; another class only once it has occurred.
      if (number == 0 && status != 1) continue;
      page.sample("latchkey_requests_total",
                  fmt::format(R"(route="{}",status="{}xx")", route_names[route], status + 1), number);
    }
  }
  page.family("latchkey_request_seconds", "histogram",
              "Time from a request's last byte to its answer's first.");
  for (std::size_t route = 0; route < route_count; ++route) {
    page.histogram("latchkey_request_seconds", fmt::format(R"(route="{}")", route_names[route]), route);
  }
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void render_process(Page& page) {
  page.single("latchkey_log_lines_dropped_total", "counter",
              "Log lines lost because standard error was stuck.", log::count_dropped());
  page.single("process_cpu_seconds_total", "counter", "User and system CPU time.", cpu_seconds());
  const Memory memory = measure_memory();
  page.single("process_resident_memory_bytes", "gauge",
              "Resident memory, also pages of the program and its libraries, which other processes may share.",
              memory.resident);
  page.single("process_dirty_memory_bytes", "gauge",
              "Memory that this process has written and has for itself: what its end would free.", memory.dirty);
  page.family("latchkey_build_info", "gauge", "Always 1; the label tells the version.");
  page.sample("latchkey_build_info", "version=\"" LATCHKEY_VERSION "\"", 1);
}

}  // namespace

std::string render() {
  Page page;
  render_requests(page);
  std::string_view family;
  for (const CounterRow& row : counter_rows) {
    if (row.name != family) page.family(family = row.name, "counter", row.help);
    page.sample(row.name, row.labels, read(row.counter));
  }
  for (const GaugeRow& row : gauge_rows) page.single(row.name, "gauge", row.help, read(row.gauge));
  for (const TimingRow& row : timing_rows) {
    page.family(row.name, "histogram", row.help);
    page.histogram(row.name, "", route_count + static_cast<std::size_t>(row.timing));
  }
  render_process(page);
  return page.text;
}

}  // namespace latchkey::metrics
