// The part of Connection that waits for the socket.

#include "base/secret.h"
#include "http/counters.h"
#include "http/wire/connection.h"
#include "http/wire/framing.h"

namespace latchkey::http::wire {

namespace {

using Direction = ClientSocket::Direction;
using State = ClientSocket::State;

/// A connection that has been quiet this long gives its buffers back.
constexpr auto quiet_time = std::chrono::seconds(1);
/// What a client may take to notice our last answer, in time and in bytes that it still sends.
constexpr auto linger_time = std::chrono::seconds(1);
constexpr std::size_t linger_bytes = 4 * 1024 * 1024;
/// How long a connection may stay idle once the server drains: a client in mid-conversation sends its next
/// request within it and hears `Connection: close` instead of a reset.
constexpr auto drain_time = std::chrono::seconds(1);

}  // namespace

Task<bool> Connection::read_head() {
  HeadScanner scanner(server_->options.limits);
  enter(in_.empty() && answered_ > 0 ? Phase::idle : Phase::head);
  for (;;) {
    std::optional<ErrorCode> refusal;
    if (!in_.empty()) {
      switch (scanner.scan(in_.text())) {
        case HeadScanner::State::complete:
          head_start_ = scanner.start();
          head_end_ = request_end_ = scanner.end();
          co_return true;
        case HeadScanner::State::incomplete:
          break;
        case HeadScanner::State::malformed:
          refusal = ErrorCode::bad_request;
          break;
        case HeadScanner::State::line_too_long:
          refusal = ErrorCode::uri_too_long;
          break;
        case HeadScanner::State::head_too_large:
          refusal = ErrorCode::head_too_large;
          break;
      }
    }
    if (!refusal) {
      bool first = in_.empty();
      if (in_.reserve(in_.text().size() + smallest_read)) count_memory();
      State state = fill();
      if (state == State::done && first) enter(Phase::head);
      if (state == State::would_wait) co_await more();
      if (state == State::done || state == State::would_wait) continue;
      if (!expired_ || in_.empty()) co_return false;
      refusal = ErrorCode::request_timeout;
    }
    begin_request();
    request_end_ = in_.text().size();
    refuse(*refusal);
    co_return false;
  }
}

/// Takes more bytes if they are there. `ended` or `failed` when there will be none: the client has gone, or
/// the deadline of this phase has passed (`expired_`); what came at the last moment still counts.
ClientSocket::State Connection::fill() {
  // What is ready to be sent goes first, and who always has more to say lets others speak.
  if (!out_.empty() || has_had_its_turn_) return State::would_wait;
  State state = socket_.is_readable() || expired_ ? receive() : State::would_wait;
  if (state == State::done) {
    park_ = false;  // the bytes and the sweep came at once
    has_had_its_turn_ = true;
  }
  return state == State::would_wait && expired_ ? State::ended : state;
}

/// What `fill` would have to wait for; ask it again afterwards.
Task<> Connection::more() {
  if (!out_.empty()) return flush_in_between();
  if (park_) park_memory();
  has_had_its_turn_ = false;
  return socket_.wait(Direction::reading);
}

Task<> Connection::flush_in_between() {
  Phase phase = phase_;
  co_await flush();
  enter(phase);
}

/// Into the room that there is: making more may move the text, and a request that has been parsed points into
/// it.
ClientSocket::State Connection::receive() {
  ClientSocket::Transfer got = socket_.receive({in_.space(), in_.space_size()});
  in_.commit(got.size);
  return got.state;
}

/// Sends what is ready to be sent, as much as the kernel takes now: nearly always all of it. False when some
/// is left.
bool Connection::send_out() {
  ClientSocket::Transfer taken = socket_.send(std::string_view(out_).substr(sent_));
  sent_ += taken.size;
  if (taken.state == State::failed) socket_.close();
  if (socket_.is_open() && sent_ < out_.size()) return false;
  wipe(out_.data(), out_.size());
  out_.clear();
  sent_ = 0;
  return true;
}

Task<> Connection::flush() {
  if (out_.empty()) co_return;
  enter(Phase::writing);
  if (send_out()) co_return;
  count_memory();
  do co_await socket_.wait(Direction::writing);
  while (!send_out());
  std::string().swap(out_);
  count_memory();
}

/// Until its time has come, the server drains, or the connection is closed here.
Task<> Connection::pause(Microseconds duration) {
  counters::refusals_delayed.add();
  enter(Phase::pausing);
  deadline_ = SteadyClock::now() + duration;
  while (!expired_ && socket_.is_open()) co_await socket_.wait(Direction::neither);
}

/// Closing with unread input makes the kernel send a reset, which can overtake our answer. So the client is
/// told that nothing more comes, and gets a moment to read it and close.
Task<> Connection::linger() {
  enter(Phase::lingering);
  if (!socket_.end_sending()) co_return;
  for (std::size_t total = 0; total < linger_bytes;) {
    in_.consume(in_.text().size());
    in_.reserve(smallest_read);
    State state = receive();
    total += in_.text().size();
    if (state == State::ended || state == State::failed) co_return;
    if (state == State::would_wait) co_await socket_.wait(Direction::reading);
  }
}

std::chrono::milliseconds Connection::allowance(Phase phase) const {
  const Timeouts& timeouts = server_->options.timeouts;
  switch (phase) {
    case Phase::idle:
      return server_->draining ? std::min<std::chrono::milliseconds>(timeouts.idle, drain_time)
                               : timeouts.idle;
    case Phase::head:
      return timeouts.head;
    case Phase::body:
      return timeouts.body;
    case Phase::writing:
      return timeouts.write;
    case Phase::lingering:
      return linger_time;
    case Phase::handling:
    case Phase::pausing:
      break;
  }
  return std::chrono::hours(24);
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  expired_ = false;
  entered_at_ = server_->swept_at;
  deadline_ = entered_at_ + server_->sweep_interval + allowance(phase);
}

/// Tells the crowd what memory this connection holds now. If all together hold too much, the listeners give
/// some up soon, perhaps this connection; if that does not keep pace, this one ends here.
void Connection::count_memory() {
  const std::size_t unsent = phase_ == Phase::writing && !out_.empty() ? out_.capacity() : 0;
  const std::size_t chunked = chunked_body_.empty() ? 0 : chunked_body_.capacity();
  const std::size_t now = in_.extra_memory() + chunked + unsent;
  if (now == place_.memory()) return;
  const bool grows = now > place_.memory();
  place_.set_memory(now);
  if (!grows || !server_->crowd.is_over()) return;
  server_->crowd.ask_all(Crowd::Need::memory);
  if (server_->crowd.is_far_over() && may_be_given_up()) give_up();
}

bool Connection::is_too_slow() const {
  const auto taken = server_->swept_at - entered_at_;
  if (phase_ != Phase::body || taken < server_->options.timeouts.body_grace) return false;
  const std::size_t come = in_.text().size() - head_end_ + chunked_body_.size();
  const auto seconds =
      static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::seconds>(taken).count());
  return come < seconds * server_->options.limits.least_body_rate;
}

bool Connection::is_idle() const { return in_.empty() && (phase_ == Phase::idle || phase_ == Phase::head); }

void Connection::sweep() {
  if (server_->swept_at >= deadline_ || is_too_slow()) {
    if (phase_ == Phase::handling) return;
    if (phase_ == Phase::writing || phase_ == Phase::lingering) {
      cut();
      return;
    }
    expired_ = true;
    socket_.wake();
  } else if (is_idle() && in_.holds_memory() && server_->swept_at - entered_at_ >= quiet_time) {
    park_ = true;
    socket_.wake();
  }
}

void Connection::park_memory() {
  park_ = false;
  in_.release();
  std::string().swap(out_);
  std::string().swap(request_.path);
  std::vector<HeaderView>().swap(head_.headers);
  count_memory();
}

void Connection::drain() {
  if (phase_ == Phase::pausing) {
    expired_ = true;
    socket_.wake();
  }
  if (!is_idle()) return;
  deadline_ =
      std::min(deadline_, entered_at_ + server_->sweep_interval + std::chrono::milliseconds(drain_time));
}

void Connection::cut() {
  // A client that does not read would keep the answer in the kernel's memory.
  if (phase_ == Phase::writing) socket_.forget_unsent();
  socket_.close();
}

void Connection::give_up() {
  place_.leave();
  cut();
}

}  // namespace latchkey::http::wire
