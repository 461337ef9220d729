#include "db/postgres/handle.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <span>
#include <vector>

#include "base/log.h"
#include "db/postgres/url.h"

namespace latchkey::db::postgres {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

/// libpq ends its messages with a line end, and may put several lines.
std::string one_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

/// A standby is behind by an unknown time: it still knows sessions that have been ended.
void refuse_standbys(const PQconninfoOption* option) {
  constexpr std::string_view name = "target_session_attrs";
  for (; option->keyword != nullptr; ++option) {
    if (option->keyword != name || option->val == nullptr) continue;
    const std::string_view value = option->val;
    if (value == "read-write" || value == "primary") continue;
    throw Fault(std::string(name) + "=" + std::string(value) +
                " may lead to a standby, which still knows sessions that have been ended: use read-write");
  }
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = list.find(',', begin);
    parts.push_back(list.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

bool is_host(std::string_view host) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:%";
  // A folder of sockets, or an abstract one.
  if (host.starts_with('/') || host.starts_with('@')) return true;
  return host.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_port(std::string_view port) { return port.find_first_not_of("0123456789") == std::string_view::npos; }

/// What libpq names in its messages must be what it looks like, and no piece of a password.
bool has_places(const PQconninfoOption* option) {
  for (; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view name = option->keyword;
    if ((name == "host" || name == "hostaddr") && !std::ranges::all_of(split(option->val), is_host))
      return false;
    if (name == "port" && !std::ranges::all_of(split(option->val), is_port)) return false;
  }
  return true;
}

/// The URL of a server that may be used.
PostgresUrlOptions parse_url(const Secret& url) {
  try {
    PostgresUrlOptions options = parse_postgres_url(url);
    refuse_standbys(options.get());
    return options;
  } catch (const Fault& fault) {
    throw Fault(std::string("database_url: ") + fault.what());
  }
}

/// libpq quotes the values that it does not understand. Of the URL only those are told that say where the
/// server is, who we are there, and which files libpq reads.
std::string without_values(std::string message, const PQconninfoOption* option) {
  constexpr std::array<std::string_view, 10> told{"host",     "hostaddr", "port",   "user",        "dbname",
                                                  "passfile", "sslcert",  "sslkey", "sslrootcert", "sslcrl"};
  for (; option->keyword != nullptr; ++option) {
    if (option->val == nullptr || std::ranges::find(told, option->keyword) != told.end()) continue;
    const std::string quoted = '"' + std::string(option->val) + '"';
    for (std::size_t at = message.find(quoted); at != std::string::npos; at = message.find(quoted, at + 1))
      message.replace(at, quoted.size(), "\"…\"");
  }
  return message;
}

/// What each session asks of the server's end of its connection. A node that is gone without a word must not
/// keep its locks, nor the lead, for the hours that TCP would give it.
constexpr const char* socket_options =
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c "
    "tcp_user_timeout=10000";

/// Asked first. A pooler may leave out the options with which a session starts, so limits are not among
/// those; what the options of the URL say of a limit stays.
std::string first_question(const PostgresOptions& options, std::string_view url_options) {
  std::string question;
  for (const std::string_view limit : {"statement_timeout", "idle_in_transaction_session_timeout"}) {
    if (url_options.find(limit) != std::string_view::npos) continue;
    question += "SET " + std::string(limit) + " = " + std::to_string(options.statement_timeout.count()) + ';';
  }
  return question.empty() ? "SELECT 1" : question;
}

/// As libpq reads `connect_timeout`, but for "without limit".
milliseconds answer_limit(const PostgresOptions& options, const std::string& connect_timeout) {
  const int seconds = std::atoi(connect_timeout.c_str());
  return seconds > 0 ? milliseconds(1000) * std::max(seconds, 2) : options.statement_timeout;
}

/// Throws `Unavailable` when there is no answer within the limit, or a bad one.
void demand_answer(PGconn* connection, const std::string& question, milliseconds limit) {
  const auto refuse = [](const std::string& why) {
    throw Unavailable("no connection to the database: " + why);
  };
  if (PQsendQuery(connection, question.c_str()) == 0) refuse(last_words(connection));
  const auto deadline = SteadyClock::now() + limit;
  for (;;) {
    const int unsent = PQflush(connection);
    if (unsent < 0) refuse(last_words(connection));
    if (unsent == 0 && PQisBusy(connection) == 0) {
      const PostgresResult result(PQgetResult(connection));
      if (!result) return;
      if (is_failure(result.get())) refuse(one_line(PQresultErrorMessage(result.get())));
      continue;
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
    if (left.count() <= 0) {
      refuse("it was accepted, but the first question was not answered within " +
             std::to_string(limit.count()) +
             " ms: the server, or the pooler or proxy before it, has no connection to spare");
    }
    pollfd socket{.fd = PQsocket(connection),
                  .events = static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0)),
                  .revents = 0};
    ::poll(&socket, 1, static_cast<int>(left.count()));
    if (socket.revents != 0 && !take_input(connection) && PQisBusy(connection) != 0)
      refuse(last_words(connection));
  }
}

constexpr const char* default_port = "5432";

/// libpq tries hosts in the order of its lists.
void try_first(const PostgresHost& host, std::map<std::string, std::string>& parameters) {
  const auto part = [&](const char* name, std::size_t at) {
    const auto parts = split(parameters[name]);
    return at < parts.size() ? parts[at] : parts.size() == 1 ? parts.front() : std::string();
  };
  const std::size_t count = std::max(split(parameters["host"]).size(), split(parameters["hostaddr"]).size());
  for (std::size_t at = 1; at < count; ++at) {
    const std::string name = part("host", at);
    const std::string port = part("port", at);
    if (PostgresHost{name.empty() ? part("hostaddr", at) : name, port.empty() ? default_port : port} != host)
      continue;
    for (const char* list : {"host", "hostaddr", "port"}) {
      auto parts = split(parameters[list]);
      if (parts.size() != count) continue;  // one for all, or none
      std::rotate(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(at), parts.end());
      std::string text = parts.front();
      for (const auto& one : std::span(parts).subspan(1)) text.append(",").append(one);
      parameters[list] = text;
    }
    return;
  }
}

/// Names and mails may have any character there is, and no other encoding has them all.
void refuse_other_encodings(const PGconn* connection) {
  const char* encoding = PQparameterStatus(connection, "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) == "UTF8") return;
  throw Fault("the encoding of the database is " + std::string(encoding) +
              ", which lacks characters that people have in their names: create one in UTF8 (createdb "
              "--encoding=UTF8 --template=template0)");
}

/// Of a statement, in an error. Scripts of migrations and moves are pages long.
constexpr std::size_t longest_quote = 400;

/// Of a server that was made a standby: another one takes the writes now.
constexpr std::string_view read_only = "25006";

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

/// What an operator has to do about an error that nobody else can end. Since PostgreSQL 15 the schema
/// `public` belongs to the owner of the database.
std::string_view advice_for(std::string_view state) {
  if (state != "42501" && state != "3F000") return {};
  return ": the role of the URL must own the database and the tables in it, or be allowed to make some by "
         "GRANT "
         "USAGE, CREATE ON SCHEMA public TO the role";
}

/// Where the server waits for its standbys after a commit. It is never left with a word but when the
/// wait was cancelled; the word is in the language of the server and has the SQLSTATE of many.
constexpr std::string_view waits_for_standby = "SyncRepWaitForLSN";

void note(void*, const PGresult* notice) {
  log::debug("db.notice", {{"text", field(notice, PG_DIAG_MESSAGE_PRIMARY)}});
}

}  // namespace

PostgresUrlOptions parse_postgres_url(const Secret& url) {
  if (auto why = find_misplaced_pieces(url.text())) throw Fault(*why);
  std::string text(url.text());
  char* reason = nullptr;
  PostgresUrlOptions options(PQconninfoParse(text.c_str(), &reason));
  wipe(text);
  // It quotes the URL.
  if (reason != nullptr) wipe(reason, std::strlen(reason));
  PQfreemem(reason);
  if (!options) {
    throw Fault(
        "libpq does not understand it: a parameter behind the ? is none of libpq's or has no value, or "
        "something is not encoded: " +
        std::string(how_to_encode()));
  }
  if (!has_places(options.get()))
    throw Fault("one of its hosts or ports is not valid: " + std::string(how_to_encode()));
  return options;
}

void check_postgres_url(const Secret& url) { parse_url(url); }

PostgresHost host_of(const PGconn* connection) {
  const auto text = [](const char* word) { return std::string(word == nullptr ? "" : word); };
  return {text(PQhost(connection)), text(PQport(connection))};
}

PostgresHandle connect_postgres(const PostgresOptions& options, const std::optional<PostgresHost>& first) {
  const PostgresUrlOptions url = parse_url(options.url);
  std::map<std::string, std::string> parameters{
      {"target_session_attrs", "read-write"},
      {"connect_timeout", "2"},
      // The caller gets an answer within a second, also when packets vanish without a trace.
      {"tcp_user_timeout", "900"},
      {"fallback_application_name", "latchkey"},
  };
  for (const PQconninfoOption* option = url.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) parameters[option->keyword] = option->val;
  }
  if (first.has_value()) try_first(*first, parameters);
  parameters["client_encoding"] = "UTF8";
  std::string& session = parameters["options"];
  const std::string question = first_question(options, session);
  session = socket_options + std::string(session.empty() ? "" : " ") + session;

  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  PostgresHandle handle(PQconnectdbParams(names.data(), values.data(), 0));
  wipe(parameters["password"]);
  if (!handle) throw Unavailable("no memory for a connection to the database");
  if (PQstatus(handle.get()) != CONNECTION_OK) {
    throw Unavailable("no connection to the database: " +
                      without_values(last_words(handle.get()), url.get()));
  }
  refuse_other_encodings(handle.get());
  PQsetNoticeReceiver(handle.get(), note, nullptr);
  if (PQsetnonblocking(handle.get(), 1) != 0) throw Unavailable(last_words(handle.get()));
  demand_answer(handle.get(), question, answer_limit(options, parameters["connect_timeout"]));
  return handle;
}

void PostgresNotices::listen_to(PGconn* connection) {
  unreplicated_ = false;
  PQsetNoticeReceiver(connection, receive, this);
}

void PostgresNotices::receive(void* self, const PGresult* notice) {
  if (field(notice, PG_DIAG_SOURCE_FUNCTION) != waits_for_standby) return note(nullptr, notice);
  static_cast<PostgresNotices*>(self)->unreplicated_ = true;
  log::warn("db.commit_unreplicated", {{"text", field(notice, PG_DIAG_MESSAGE_PRIMARY)}});
}

bool take_input(PGconn* connection) {
  return PQconsumeInput(connection) == 1 && PQstatus(connection) == CONNECTION_OK;
}

bool is_alive(PGconn* connection) {
  for (;;) {
    pollfd socket{.fd = PQsocket(connection), .events = POLLIN, .revents = 0};
    if (::poll(&socket, 1, 0) <= 0) return PQstatus(connection) == CONNECTION_OK;
    if (!take_input(connection)) return false;
  }
}

std::string last_words(const PGconn* connection) { return one_line(PQerrorMessage(connection)); }

bool is_failure(const PGresult* result) {
  const auto status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR;
}

bool is_fatal(const PGresult* result) {
  const std::string severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  const std::string state = field(result, PG_DIAG_SQLSTATE);
  return severity == "FATAL" || severity == "PANIC" || state.empty() || state == read_only;
}

bool leaves_outcome_open(const PGresult* result) {
  const std::string state = field(result, PG_DIAG_SQLSTATE);
  return state == "40003" || state.starts_with("08");
}

std::exception_ptr error_of(const PGresult* result, std::string_view sql) {
  const std::string state = field(result, PG_DIAG_SQLSTATE);
  // The first line only: details may quote values.
  std::string text = field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (text.empty()) text = one_line(PQresultErrorMessage(result));
  text += advice_for(state);
  text +=
      " (" + (state.empty() ? "no SQLSTATE" : state) + ") in: " + std::string(sql.substr(0, longest_quote));
  if (sql.size() > longest_quote) text += "…";
  const std::string_view group = std::string_view(state).substr(0, 2);
  if (state == "40001" || state == "40P01") return std::make_exception_ptr(SerializationFailure(text));
  if (leaves_outcome_open(result)) return std::make_exception_ptr(OutcomeUnknown(text));
  if (state == "26000" || (state == "0A000" && text.starts_with("cached plan")))
    return std::make_exception_ptr(StalePlan(text));
  if (group == "23") return std::make_exception_ptr(ConstraintViolation(text));
  if (state.empty() || group == "57" || state == read_only) {
    if (state == "57014") return std::make_exception_ptr(Unavailable(text));  // took too long
    return std::make_exception_ptr(ConnectionLost(text));
  }
  if (state == "55P03") return std::make_exception_ptr(Blocked(text));
  // Out of resources, locks not to be had, the disk, a transaction that has ended behind the back of its
  // work.
  if (group == "53" || group == "55" || group == "58" || state == "25P02" || state == "25P03")
    return std::make_exception_ptr(Unavailable(text));
  return std::make_exception_ptr(Fault(text));
}

}  // namespace latchkey::db::postgres
