// The part of Connection that reads bodies, or drops them.

#include "base/secret.h"
#include "http/wire/connection.h"
#include "http/wire/framing.h"

namespace latchkey::http::wire {

namespace {

using State = ClientSocket::State;

/// Grows a text that may hold a password, up to `most`, and leaves no copy behind.
void make_room(std::string& text, std::size_t size, std::size_t most) {
  if (size <= text.capacity()) return;
  std::string larger;
  larger.reserve(std::max(size, std::min(2 * text.capacity(), most)));
  larger = text;
  wipe(text);
  text.swap(larger);
}

}  // namespace

/// While the body of a request that a proxy passes on is still to come, the connection counts for the client
/// that the proxy names.
Task<bool> Connection::read_body(std::size_t limit) {
  if (place_.holder() || has_whole_body()) return wait_for_body(limit);
  return wait_for_clients_body(limit);
}

Task<bool> Connection::wait_for_clients_body(std::size_t limit) {
  const Crowd::Holder client = ClientNetwork::of(request_.address).site();
  if (!place_.count_as(client)) {
    co_await refuse_body(ErrorCode::overloaded, Seconds(1));
    co_return false;
  }
  bool whole = co_await wait_for_body(limit);
  place_.count_as(Crowd::Holder());
  co_return whole;
}

Task<bool> Connection::wait_for_body(std::size_t limit) {
  enter(Phase::body);
  bool whole = false;
  if (head_.chunked)
    whole = co_await read_chunked_body(limit);
  else
    whole = co_await read_sized_body(static_cast<std::size_t>(*head_.content_length));
  if (!whole && expired_ && !said_goodbye_) refuse(ErrorCode::request_timeout);
  co_return whole;
}

Task<bool> Connection::read_sized_body(std::size_t size) {
  request_end_ = head_end_ + size;
  if (in_.text().size() < request_end_) {
    if (head_.expects_continue) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  while (in_.text().size() < request_end_) {
    // Memory follows what has come, not what was announced.
    reserve_behind_head(in_.text().size() - head_end_ + 1, size);
    State state = fill();
    if (state == State::would_wait)
      co_await more();
    else if (state != State::done)
      co_return false;
  }
  request_.body = in_.text().substr(head_end_, size);
  co_return true;
}

Task<bool> Connection::read_chunked_body(std::size_t limit) {
  if (in_.text().size() == head_end_ && head_.expects_continue) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  ChunkDecoder decoder;
  for (;;) {
    make_room(chunked_body_, std::min(limit, chunked_body_.size() + in_.text().size() - head_end_), limit);
    std::size_t consumed = 0;
    ChunkDecoder::State state = decoder.decode(in_.text().substr(head_end_), consumed, &chunked_body_, limit);
    in_.erase(head_end_, head_end_ + consumed);
    count_memory();
    if (state == ChunkDecoder::State::complete) break;
    if (state == ChunkDecoder::State::too_large) {
      co_await refuse_body(ErrorCode::body_too_large);
      co_return false;
    }
    if (state == ChunkDecoder::State::malformed) {
      refuse(ErrorCode::bad_request);
      co_return false;
    }
    reserve_behind_head(smallest_read, smallest_read);
    State got = fill();
    if (got == State::would_wait)
      co_await more();
    else if (got != State::done)
      co_return false;
  }
  request_.body = chunked_body_;
  co_return true;
}

/// Takes off what has come of a body that nobody reads, and waits for nothing. True when that was all of it:
/// the next request begins behind it. Otherwise the connection has to end with the answer. Bytes that come
/// later may be the rest of the body, which must not be taken for a request; or the next request of a proxy
/// that announced a body and never sends it, which must not be taken for the body (both are request
/// smuggling).
bool Connection::drop_body() {
  if (head_.chunked) return drop_chunked_body();
  std::uint64_t size = *head_.content_length;
  if (size > server_->options.limits.unwanted_body) return false;
  request_end_ = head_end_ + static_cast<std::size_t>(size);
  while (in_.text().size() < request_end_)
    if (!receive_behind_head(static_cast<std::size_t>(size))) return false;
  return true;
}

bool Connection::drop_chunked_body() {
  ChunkDecoder decoder;
  for (;;) {
    std::size_t consumed = 0;
    ChunkDecoder::State state = decoder.decode(in_.text().substr(head_end_), consumed, nullptr,
                                               server_->options.limits.unwanted_body);
    in_.erase(head_end_, head_end_ + consumed);
    if (state != ChunkDecoder::State::incomplete) return state == ChunkDecoder::State::complete;
    if (!receive_behind_head(smallest_read)) return false;
  }
}

/// Into room for `size` bytes behind the head. False when nothing is there now.
bool Connection::receive_behind_head(std::size_t size) {
  reserve_behind_head(size, size);
  return receive() == State::done;
}

/// Room for `size` bytes behind the head, and for some more up to `most`.
void Connection::reserve_behind_head(std::size_t size, std::size_t most) {
  if (!in_.reserve(head_end_ + size, head_end_ + most)) return;
  parse_head(head_text(), head_);
  bind_request();
  count_memory();
}

bool Connection::has_whole_body() const {
  return !head_.chunked && in_.text().size() - head_end_ >= *head_.content_length;
}

}  // namespace latchkey::http::wire
