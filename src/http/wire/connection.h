#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "http/gate.h"
#include "http/message.h"
#include "http/wire/client_socket.h"
#include "http/wire/head_parser.h"
#include "http/wire/input_buffer.h"
#include "http/wire/server.h"

namespace latchkey::http::wire {

/// One client's connection: reads requests one after the other, has each answered, and sends the answers in
/// order, those of pipelined requests together. It lives in the frame of its own coroutine, on its server's
/// thread.
///
/// It never waits without a deadline, except for a handler, and keeps at most the limits' worth of memory;
/// while idle it keeps none. Whatever the client does (half-closes, resets, stops reading) ends this
/// connection alone.
class Connection {
 public:
  /// Throws what ClientSocket does.
  Connection(std::shared_ptr<Server> server, Descriptor descriptor, std::string peer, Crowd::Place place);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Task<> run();

  /// What the server's sweep calls: ends what is past its deadline, frees the memory of what has become idle.
  void sweep();
  /// Ends an idle connection soon; a busy one ends with the answer that it is working on.
  void drain();
  /// Closes the socket now. The coroutine notices at its next step.
  void cut();
  /// The same, and what it held counts as given back at once.
  void give_up();
  bool is_idle() const;
  /// Whether nothing of ours is at work for it: it may be given up if room is short.
  bool may_be_given_up() const { return place_.is_taken() && phase_ != Phase::handling; }
  SteadyClock::time_point phase_entered_at() const { return entered_at_; }
  const Crowd::Place& place() const { return place_; }
  const std::string& peer() const { return peer_; }

  std::size_t index_in_server = 0;

 private:
  static constexpr std::size_t smallest_read = 1024;

  enum class Phase : std::uint8_t {
    idle,  ///< between requests
    head,  ///< some of a head has come, or nothing at all since the accept
    body,
    handling,  ///< ours to work on; no deadline
    pausing,   ///< the answer is made and waits for its time; the client is not heard meanwhile
    writing,
    lingering  ///< the last word is said; what the client still sends is thrown away
  };

  Task<bool> read_head();
  Task<bool> answer_one();
  Task<bool> read_body(std::size_t limit);
  Task<bool> wait_for_clients_body(std::size_t limit);
  Task<bool> wait_for_body(std::size_t limit);
  Task<bool> read_sized_body(std::size_t size);
  Task<bool> read_chunked_body(std::size_t limit);
  bool drop_body();
  bool drop_chunked_body();
  bool receive_behind_head(std::size_t size);
  void reserve_behind_head(std::size_t size, std::size_t most);
  bool has_whole_body() const;
  Task<Response> handle(std::optional<Response> refusal);
  Task<> refuse_body(ErrorCode code, Seconds retry_after = Seconds(0));
  ClientSocket::State fill();
  Task<> more();
  bool send_out();
  Task<> flush();
  Task<> flush_in_between();
  Task<> linger();
  Task<> respond_paced(Response response);
  Task<> pause(Microseconds duration);
  Microseconds make_pause(Response& response);

  void enter(Phase phase);
  std::chrono::milliseconds allowance(Phase phase) const;
  void begin_request();
  void bind_request();
  std::string_view head_text() const;
  ClientSocket::State receive();
  void park_memory();
  void count_memory();
  bool is_too_slow() const;
  Response problem(const Error& error) const;
  void respond(Response response);
  void refuse(ErrorCode code);
  void account_for(int status);
  void end_request();

  std::shared_ptr<Server> server_;
  ClientSocket socket_;
  const std::string peer_;
  Crowd::Place place_;
  std::string client_;  ///< whom a trusted proxy names

  InputBuffer in_;
  std::string chunked_body_;
  std::string out_;
  std::size_t sent_ = 0;  ///< of it
  SteadyClock::time_point out_began_at_;

  RequestHead head_;
  std::size_t head_start_ = 0;
  std::size_t head_end_ = 0;
  std::size_t request_end_ = 0;  ///< of the bytes in `in_`
  Request request_;
  RequestIds::Id request_id_{};
  std::string_view pattern_ = "-";
  SteadyClock::time_point started_at_;

  Phase phase_ = Phase::head;
  SteadyClock::time_point entered_at_;
  SteadyClock::time_point deadline_;
  bool has_had_its_turn_ = false;  ///< has read something since it waited last
  bool expired_ = false;           ///< the deadline of this phase has passed
  bool park_ = false;              ///< give the memory back before waiting on
  bool body_is_unread_ = false;    ///< nobody has taken the body of the request that is at work
  bool keep_alive_ = true;         ///< as the last answer said
  bool said_goodbye_ = false;      ///< the last answer said `Connection: close`
  std::uint64_t answered_ = 0;
};

}  // namespace latchkey::http::wire
