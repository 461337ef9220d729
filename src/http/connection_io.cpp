// The half of Connection that waits for the socket.

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "base/secret.h"
#include "http/connection.h"
#include "http/framing.h"

namespace latchkey::http {

namespace {

constexpr asio::use_awaitable_t<IoExecutor> use_task{};

using boost::system::error_code;

/// A connection that has been quiet this long gives its buffers back.
constexpr auto quiet_time = std::chrono::seconds(1);
/// What a client may take to notice our last answer, in time and in bytes that it still sends.
constexpr auto linger_time = std::chrono::seconds(1);
constexpr std::size_t linger_bytes = 4 * 1024 * 1024;
/// How long a connection may stay idle once the server drains: a client in mid-conversation sends its next
/// request within it and hears `Connection: close` instead of a reset.
constexpr auto drain_time = std::chrono::seconds(1);

constexpr std::size_t smallest_read = 1024;

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
      in_.reserve(in_.text().size() + smallest_read);
      bool more = co_await fill();
      if (more && first) enter(Phase::head);
      if (more) continue;
      if (!expired_ || in_.empty()) co_return false;
      refusal = ErrorCode::request_timeout;
    }
    begin_request();
    request_end_ = in_.text().size();
    refuse(*refusal);
    co_return false;
  }
}

Task<bool> Connection::read_body(std::size_t limit, BodyUse use) {
  enter(Phase::body);
  bool whole = false;
  if (head_.chunked)
    whole = co_await read_chunked_body(limit, use);
  else
    whole = co_await read_sized_body(static_cast<std::size_t>(*head_.content_length), use);
  if (!whole && expired_ && !said_goodbye_) refuse(ErrorCode::request_timeout);
  co_return whole;
}

Task<bool> Connection::read_sized_body(std::size_t size, BodyUse use) {
  request_end_ = head_end_ + size;
  if (in_.text().size() < request_end_) {
    if (head_.expects_continue) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    if (in_.reserve(request_end_)) {
      parse_head(head_text(), head_);
      bind_request();
    }
  }
  while (in_.text().size() < request_end_) {
    bool more = co_await fill();
    if (!more) co_return false;
  }
  if (use == BodyUse::kept) request_.body = in_.text().substr(head_end_, size);
  co_return true;
}

Task<bool> Connection::read_chunked_body(std::size_t limit, BodyUse use) {
  if (in_.text().size() == head_end_ && head_.expects_continue) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  std::string* body = use == BodyUse::kept ? &chunked_body_ : nullptr;
  if (body != nullptr) body->reserve(limit);  // no growing, which would leave copies of a password behind
  ChunkDecoder decoder;
  for (;;) {
    std::size_t consumed = 0;
    ChunkDecoder::State state = decoder.decode(in_.text().substr(head_end_), consumed, body, limit);
    in_.erase(head_end_, head_end_ + consumed);
    if (state == ChunkDecoder::State::complete) break;
    if (state == ChunkDecoder::State::too_large) {
      co_await refuse_body(ErrorCode::body_too_large);
      co_return false;
    }
    if (state == ChunkDecoder::State::malformed) {
      refuse(ErrorCode::bad_request);
      co_return false;
    }
    if (in_.reserve(head_end_ + smallest_read)) {
      parse_head(head_text(), head_);
      bind_request();
    }
    bool more = co_await fill();
    if (!more) co_return false;
  }
  request_.body = chunked_body_;
  co_return true;
}

/// Waits for more bytes; what is ready to be sent goes first. False when there will be none: the client has
/// gone, or the deadline of this phase has passed (`expired_`).
Task<bool> Connection::fill() {
  if (!out_.empty()) {
    Phase phase = phase_;
    bool sent = co_await flush();
    if (!sent) co_return false;
    enter(phase);
  }
  for (;;) {
    if (expired_) co_return in_.empty() && receive_what_is_there();
    if (park_) {
      park_memory();
      error_code ignored;  // the read after it meets the same error
      co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(use_task, ignored));
      in_.reserve(smallest_read);
      continue;
    }
    error_code error;
    std::size_t size = co_await socket_.async_read_some(asio::buffer(in_.space(), in_.space_size()),
                                                        asio::redirect_error(use_task, error));
    if (!error) {
      park_ = false;  // the bytes and the sweep came at once
      in_.commit(size);
      co_return true;
    }
    if (error != asio::error::operation_aborted || !socket_.is_open()) co_return false;
  }
}

/// An idle connection is about to be closed; a request that came at the last moment is still served.
bool Connection::receive_what_is_there() {
  if (!socket_.is_open()) return false;
  in_.reserve(smallest_read);
  ssize_t size = ::recv(socket_.native_handle(), in_.space(), in_.space_size(), MSG_DONTWAIT);
  if (size <= 0) return false;
  in_.commit(static_cast<std::size_t>(size));
  return true;
}

Task<bool> Connection::flush() {
  if (out_.empty()) co_return socket_.is_open();
  enter(Phase::writing);
  // Nearly always the kernel takes all of it, and there is nothing to wait for.
  ssize_t taken = ::send(socket_.native_handle(), out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  std::size_t sent = taken > 0 ? static_cast<std::size_t>(taken) : 0;
  error_code error;
  if (taken < 0 && errno != EAGAIN && errno != EINTR) error.assign(errno, boost::system::system_category());
  while (!error && sent < out_.size()) {
    sent += co_await socket_.async_write_some(asio::buffer(out_.data() + sent, out_.size() - sent),
                                              asio::redirect_error(use_task, error));
  }
  wipe(out_.data(), out_.size());
  out_.clear();
  // A failed socket reports its failure once; waiting for it again would last until the deadline.
  if (error) cut();
  co_return !error;
}

/// Closing with unread input makes the kernel send a reset, which can overtake our answer. So the client is
/// told that nothing more comes, and gets a moment to read it and close.
Task<> Connection::linger() {
  enter(Phase::lingering);
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  for (std::size_t total = 0; !error && total < linger_bytes;) {
    in_.consume(in_.text().size());
    in_.reserve(smallest_read);
    total += co_await socket_.async_read_some(asio::buffer(in_.space(), in_.space_size()),
                                              asio::redirect_error(use_task, error));
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

bool Connection::is_idle() const { return in_.empty() && (phase_ == Phase::idle || phase_ == Phase::head); }

void Connection::sweep() {
  error_code ignored;
  if (server_->swept_at >= deadline_) {
    if (phase_ == Phase::handling) return;
    if (phase_ == Phase::writing || phase_ == Phase::lingering) {
      cut();
      return;
    }
    expired_ = true;
    socket_.cancel(ignored);
  } else if (is_idle() && in_.holds_memory() && server_->swept_at - entered_at_ >= quiet_time) {
    park_ = true;
    socket_.cancel(ignored);
  }
}

void Connection::park_memory() {
  park_ = false;
  in_.release();
  std::string().swap(out_);
  std::string().swap(request_.path);
  std::vector<HeaderView>().swap(head_.headers);
}

void Connection::drain() {
  if (!is_idle()) return;
  deadline_ =
      std::min(deadline_, entered_at_ + server_->sweep_interval + std::chrono::milliseconds(drain_time));
}

void Connection::cut() {
  error_code ignored;
  // A client that does not read would keep the answer in the kernel's memory.
  if (phase_ == Phase::writing) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

}  // namespace latchkey::http
