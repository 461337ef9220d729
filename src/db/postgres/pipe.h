#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "db/postgres/handle.h"
#include "db/postgres/health.h"
#include "db/ticket.h"

namespace latchkey::db::postgres {

/// One connection in pipeline mode, for the single statements and units of one attached thread, which alone
/// may call. What comes up in one turn of its event loop is sent together as a batch that ends in one sync,
/// which is one transaction; the statements of a unit lie side by side in it. A failure takes the whole batch
/// back: then the others are run again, each statement or unit under a sync of its own. While nothing is
/// under way the connection keeps no event loop alive, and is looked at before it is used again. A connection
/// that stays unanswered while others are answered counts as one that is not to be had: what waits for it
/// goes elsewhere until it is answered or another one is.
class PostgresPipe {
 public:
  enum class Use : std::uint8_t { read, write };
  /// Takes those that were answered, on the thread, from inside the event loop.
  using Answer = std::function<void(TicketList)>;
  /// Takes one that waits where no connection is to be had; false when nobody else can run it either.
  using Elsewhere = std::function<bool(Ticket&)>;

  PostgresPipe(Use use, asio::io_context& io, const PostgresOptions& options, PostgresHealth& health,
               PostgresCounters& counters, Answer answer, Elsewhere elsewhere);
  PostgresPipe(const PostgresPipe&) = delete;
  PostgresPipe& operator=(const PostgresPipe&) = delete;
  ~PostgresPipe();

  /// Whether there is no connection to be had: what is asked now would be refused.
  bool is_away() const { return unanswered_ || (state_ != State::ready && health_.is_down()); }
  /// Throws `Unavailable` when too many wait, or there is no connection to be had.
  void admit();
  /// Sends it at the end of this turn.
  void queue(Ticket& ticket);
  /// Gives its connection up, once nothing is under way on it: for something that must be up and finds none,
  /// or for another where it is of an earlier generation.
  void look_up();
  /// The event loop has ended: waits for what is under way and hands everything that waits to the answer.
  void close();

 private:
  enum class State : std::uint8_t { connecting, away, ready, closed };

  struct Prepared {
    std::string name;
    bool asked = false;  ///< the server was sent it, and has not refused it
  };
  struct Sent {
    Ticket* ticket;
    StatementCall* call;
  };
  /// What ends in one sync.
  struct Batch {
    std::vector<const char*> preparing;  ///< they go before it, under a sync of their own
    std::size_t prepared = 0;
    bool awaits_preparing = false;
    const char* unprepared = nullptr;  ///< the one that the server did not take, and why
    std::exception_ptr why_unprepared;
    std::vector<Ticket*> tickets;
    std::vector<Sent> statements;  ///< theirs, in the same order
    std::size_t answered = 0;      ///< of the statements
    std::exception_ptr error;
    Ticket* culprit = nullptr;  ///< whose error it is; nobody's: the commit's
    bool fatal = false;         ///< the error has ended the connection, too
    bool outcome_open = false;  ///< the error does not say that nothing is committed
    bool sync_sent = false;

    void fail(const PGresult* result, std::string_view sql);
  };

  // Connecting (pipe_connect.cpp).
  void start_connecting();
  void connected(PostgresHandle handle, const std::string& why_not);
  void go_away(const std::string& why);
  void leave_connection();
  void retry_later();
  void lose(const std::string& why);
  void give_back(Batch& batch, const std::string& why);
  void refuse_all(TicketList& tickets, const std::string& why);
  /// What nobody else can run stays in the list.
  void hand_on(TicketList& tickets);
  void disconnect();

  // Sending.
  void end_turn();
  void send_waiting();
  void send(const std::vector<Ticket*>& tickets);
  /// Those that can be sent; the others are done with an error.
  std::vector<Ticket*> sendable(const std::vector<Ticket*>& tickets);
  /// Names the statement. Why the server would not take it, if that is known.
  std::exception_ptr refusal_of(const StatementText& text);
  bool send_preparations(Batch& batch);
  bool send_statement(const StatementCall& call);
  static void put_in_lock_order(std::vector<Ticket*>& tickets);

  // Receiving.
  void wait_for_socket();
  void finish_turn();
  void on_readable();
  void take_results();
  void take_result(const PGresult* result);
  void end_statement();
  void finish_batch();
  void settle_failed(Ticket& ticket, const std::exception_ptr& error);
  void done(Ticket& ticket);
  void hand_over();

  // Time.
  void watch();
  void note_unanswered();
  void note_answer();
  void refuse_late(TicketList& tickets, std::chrono::milliseconds patience, Ticket::SteadyTime now);

  const Use use_;
  asio::io_context& io_;
  const PostgresOptions& options_;
  PostgresHealth& all_;
  PostgresHealth::Member health_;
  PostgresCounters& counters_;
  const Answer answer_;
  const Elsewhere elsewhere_;

  State state_ = State::closed;
  std::uint64_t epoch_ = 0;       ///< of the connection: what was started for an older one comes too late
  std::uint64_t generation_ = 0;  ///< of the same, as `PostgresHealth` counts them
  std::thread connector_;
  PostgresBackoff backoff_;
  std::string why_away_;
  PostgresNotices notices_;
  PostgresHandle handle_;
  std::optional<asio::posix::stream_descriptor> socket_;
  bool reading_ = false;
  bool writing_ = false;
  bool makes_way_ = false;
  bool unanswered_ = false;  ///< for too long, also while it is being made

  TicketList waiting_;
  TicketList alone_;  ///< to be run by themselves
  bool alone_paused_ = false;
  int empty_answers_ = 0;      ///< in a row: libpq and we must agree on what is under way
  std::deque<Batch> batches_;  ///< under way
  TicketList done_;
  std::size_t size_ = 0;  ///< of all of these
  bool end_of_turn_posted_ = false;
  Ticket::SteadyTime progress_at_{};  ///< when the server has answered last, or was asked after silence

  std::size_t names_ = 0;
  std::unordered_map<const char*, Prepared> prepared_;

  /// Gone before the event loop is.
  struct Timers {
    explicit Timers(asio::io_context& io) : watch(io), pause(io), reconnect(io) {}
    asio::steady_timer watch;
    asio::steady_timer pause;
    asio::steady_timer reconnect;
  };
  std::optional<Timers> timers_;
  bool watching_ = false;
};

}  // namespace latchkey::db::postgres
