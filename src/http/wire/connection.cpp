#include "http/wire/connection.h"

#include "base/log.h"
#include "base/secret.h"
#include "base/spare_text.h"
#include "http/counters.h"
#include "http/path.h"
#include "http/respond.h"
#include "http/route_counts.h"

namespace latchkey::http::wire {

namespace {

/// An answer waits no longer than this for pipelined neighbours that only look something up.
constexpr auto longest_batching = std::chrono::milliseconds(5);

}  // namespace

Connection::Connection(std::shared_ptr<Server> server, Descriptor descriptor, std::string peer,
                       Crowd::Place place)
    : server_(std::move(server)),
      socket_(server_->poller, std::move(descriptor)),
      peer_(std::move(peer)),
      place_(std::move(place)) {
  enter(Phase::head);
  server_->add(*this);
}

Connection::~Connection() {
  wipe(out_.data(), out_.size());
  server_->remove(*this);
}

Task<> Connection::run() {
  for (;;) {
    bool arrived = co_await read_head();
    if (!arrived) break;
    bool goes_on = co_await answer_one();
    if (!goes_on) break;
    if (out_.size() < server_->options.limits.batch && started_at_ - out_began_at_ < longest_batching)
      continue;
    if (!send_out()) co_await flush();
  }
  co_await flush();
  if (said_goodbye_) co_await linger();
}

Task<bool> Connection::answer_one() {
  begin_request();
  if (!parse_head(head_text(), head_)) {
    refuse(ErrorCode::bad_request);
    co_return false;
  }
  bind_request();
  const TrustedProxies& trusted = server_->options.trusted_proxies;
  if (!trusted.empty()) request_.address = client_ = client_address(peer_, request_.headers, trusted);
  Admission admission = admit(head_, request_, server_->router, server_->cors, server_->options.denials);
  if (admission.resource != nullptr) pattern_ = admission.resource->pattern;

  body_is_unread_ = head_.has_body();
  if (admission.answer && !admission.judges_body) {
    if (admission.answer->is_paced)
      co_await respond_paced(std::move(*admission.answer));
    else
      respond(std::move(*admission.answer));
    co_return keep_alive_;
  }
  // A refusal, and a route without body, is answered whatever follows the head (see `respond`).
  bool wants_body = !admission.answer && request_.route->body != BodyKind::none;
  if (wants_body && body_is_unread_) {
    bool read = co_await read_body(request_.route->body_limit);
    if (!read) co_return false;
    body_is_unread_ = false;
  }
  // What is done does not wait for what may hash, and write.
  bool may_work = !admission.answer && head_.method != Method::get && head_.method != Method::head;
  if (may_work && !out_.empty() && !send_out()) co_await flush();
  Response response = co_await handle(std::move(admission.answer));
  if (response.is_paced)
    co_await respond_paced(std::move(response));
  else
    respond(std::move(response));
  co_return keep_alive_;
}

/// Asks first who asks, where the route wants that. Then the answer is `refusal`, which says what is wrong
/// with the body, and without one the handler's.
Task<Response> Connection::handle(std::optional<Response> refusal) {
  enter(Phase::handling);
  const Route* route = request_.route;
  ErrorCode fault = ErrorCode::internal;
  try {
    if (route != nullptr && route->access != 0) {
      Result<void> allowed = co_await server_->access(*route, request_);
      if (allowed.has_error()) co_return problem(allowed.error());
    }
    if (refusal) co_return std::move(*refusal);
    Result<Response> answer = co_await route->handler(request_);
    if (answer.has_error()) co_return problem(answer.error());
    co_return std::move(*answer);
  } catch (const Unavailable& error) {
    counters::database_unavailable.add();
    log::warn("http.unavailable",
              {{"request_id", request_.request_id}, {"route", pattern_}, {"why", error.what()}});
    fault = ErrorCode::unavailable;
  } catch (const UnreadableRow& error) {
    counters::unreadable_rows.add();
    log::error("http.unreadable_row", {{"request_id", request_.request_id},
                                       {"route", pattern_},
                                       {"user_id", error.user().value_or(0)},
                                       {"why", error.what()},
                                       {"hint", "latchkey doctor lists such rows"}});
  } catch (const std::exception& error) {
    log::error("http.fault",
               {{"request_id", request_.request_id}, {"route", pattern_}, {"why", error.what()}});
  } catch (...) {
    log::error("http.fault",
               {{"request_id", request_.request_id}, {"route", pattern_}, {"why", "no exception of ours"}});
  }
  if (fault == ErrorCode::unavailable) co_return problem(Error(fault, Seconds(1)));
  co_return problem(fault);
}

std::string_view Connection::head_text() const {
  return in_.text().substr(head_start_, head_end_ - head_start_);
}

void Connection::begin_request() {
  started_at_ = SteadyClock::now();
  server_->ids.next(request_id_);
  request_.request_id = {request_id_.data(), request_id_.size()};
  request_.now = server_->clock.now();
  request_.address = peer_;
  request_.headers = {};
  request_.body = {};
  request_.query = {};
  request_.route = nullptr;
  request_.parameter_count = 0;
  request_.language.clear();
  pattern_ = "-";
  head_.method = Method::other;
  head_.version = 11;
  head_.keep_alive = false;
  body_is_unread_ = false;
}

/// Also after the input has moved: the same head, at its new place.
void Connection::bind_request() {
  request_.method = head_.method;
  request_.version = head_.version;
  request_.target = head_.target;
  if (!request_.query.empty()) request_.query = split_target(head_.target)->query;
  request_.headers = head_.headers;
}

Response Connection::problem(const Error& error) const {
  return denial_response(error, request_, error_style_of(request_), server_->options.denials);
}

/// Refuses what no handler will see, and ends the connection: where the next request begins is not known.
void Connection::refuse(ErrorCode code) {
  Response response = problem(code);
  response.close = true;
  respond(std::move(response));
}

/// The same for a body that turns out to be too much: told to those who may ask.
Task<> Connection::refuse_body(ErrorCode code, Seconds retry_after) {
  std::optional<Response> refusal = problem(Error(code, retry_after));
  Response response = co_await handle(std::move(refusal));
  response.close = true;
  respond(std::move(response));
}

/// Every answer leaves here. Where the request's body has not been read, the answer waits for none of it:
/// what has come is dropped, and the connection ends unless that was all.
void Connection::respond(Response response) {
  if (!has_safe_headers(response)) {
    log::error("http.unsafe_header", {{"request_id", request_.request_id}, {"route", pattern_}});
    response = problem(ErrorCode::internal);
  }
  if (body_is_unread_ && !response.close) response.close = !drop_body();
  keep_alive_ = head_.keep_alive && !response.close && !server_->draining;
  said_goodbye_ = !keep_alive_;
  if (out_.empty()) out_began_at_ = started_at_;
  Frame frame;
  frame.request_id = request_.request_id;
  frame.date = server_->date.now();
  frame.keep_alive = keep_alive_;
  frame.kept_lines = server_->kept_lines;
  frame.http_1_0 = head_.version == 10;
  frame.omit_body = head_.method == Method::head;
  frame.vary_by_origin = server_->cors.depends_on_origin();
  frame.allowed_origin = server_->cors.allowed_origin(request_);
  append_response(out_, response, frame);
  wipe(response.body.data(), response.body.size());
  keep_spare_text(std::move(response.body));
  account_for(response.status);
  end_request();
}

/// Answers who asks too much. If that client has been refused much of late, the answer waits: it is made, and
/// what it was made from is forgotten, but it is sent when its time has come. Until then the connection reads
/// nothing, and keeps its place in the crowd even if the client has gone: who breaks off and comes again is
/// no faster than who waits. So the number of answers that wait is bounded by the connections that a client
/// may have.
Task<> Connection::respond_paced(Response response) {
  // What is done does not wait for this.
  if (!out_.empty() && !send_out()) co_await flush();
  const bool is_of_proxy = !place_.holder().has_value();
  const Microseconds duration = make_pause(response);
  respond(std::move(response));
  if (duration > Microseconds(0)) co_await pause(duration);
  if (is_of_proxy) place_.count_as(Crowd::Holder());
}

/// How long the answer is to wait. A connection of a trusted proxy counts for the client that the proxy names
/// while its answer waits; if that one has too many already, the answer goes out at once and ends it.
Microseconds Connection::make_pause(Response& response) {
  const Microseconds duration =
      pause_of_refusal(server_->options.refusal_pace, request_.address, request_.now);
  if (duration == Microseconds(0) || server_->draining) return Microseconds(0);
  if (!place_.holder() && !place_.count_as(ClientNetwork::of(request_.address).site())) {
    response.close = true;
    return Microseconds(0);
  }
  return duration;
}

/// The route's pattern stands in the log, never the path: links hold tokens.
void Connection::account_for(int status) {
  auto elapsed = std::chrono::duration_cast<Microseconds>(SteadyClock::now() - started_at_);
  RouteCounts* counts = request_.route != nullptr ? request_.route->counts : nullptr;
  (counts != nullptr ? *counts : RouteCounts::unmatched()).count(status, elapsed);
  if (!log::enabled(log::Level::debug)) return;
  log::debug("http.request", {{"request_id", request_.request_id},
                              {"method", to_string(head_.method)},
                              {"route", pattern_},
                              {"status", status},
                              {"microseconds", elapsed.count()},
                              {"address", request_.address}});
}

void Connection::end_request() {
  ++answered_;
  request_.caller.reset();
  request_.headers = {};
  request_.body = {};
  wipe(request_.path.data(), request_.path.size());
  request_.path.clear();
  if (!chunked_body_.empty()) {
    wipe(chunked_body_);
    chunked_body_.shrink_to_fit();
  }
  in_.consume(std::min(request_end_, in_.text().size()));
  if (place_.memory() == 0) return;
  // What a large body took is given back now, not when the client has been quiet for a while.
  if (in_.empty()) in_.release();
  count_memory();
}

}  // namespace latchkey::http::wire
