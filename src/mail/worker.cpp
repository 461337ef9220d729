#include "mail/worker.h"

#include <algorithm>
#include <exception>

#include "base/log.h"

namespace latchkey::mail {
namespace {

using std::chrono::milliseconds;
namespace mails = store::mails;

constexpr std::int64_t page = 100;
/// A clock that goes back by more was set; by less, a mail waits for so long.
constexpr std::chrono::minutes clock_step{1};
/// Where a mail is due that is just being claimed.
constexpr milliseconds shortest_sleep{10};

WorkerOptions complete(WorkerOptions options) {
  if (options.from.address.empty()) options.from = {"Latchkey", "latchkey@localhost"};
  if (options.envelope_from.empty()) options.envelope_from = options.from.address;
  return options;
}

}  // namespace

Worker::Worker(db::Database& database, const Clock& clock, const Templates& templates, Transports transports,
               FindLinkKeys find_keys, WorkerOptions options)
    : database_(database),
      clock_(clock),
      find_keys_(std::move(find_keys)),
      options_(complete(std::move(options))),
      hand_(transports.size()),
      in_trouble_(transports.size() + 1, false) {
  for (auto& transport : transports) {
    senders_.push_back(
        std::make_unique<Sender>(database, clock, templates, std::move(transport), find_keys_, options_));
  }
}

Worker::~Worker() { stop(); }

void Worker::start() {
  threads_.emplace_back([this] { look_for_mail(); });
  for (std::size_t connection = 0; connection < senders_.size(); ++connection)
    threads_.emplace_back([this, connection] { send_mail(connection); });
}

void Worker::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  news_.notify_one();
}

void Worker::stop() {
  stop_.request_stop();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Worker::look_for_mail() {
  const std::stop_token stop = stop_.get_token();
  while (!stop.stop_requested()) {
    milliseconds sleep{0};
    try {
      sleep = take_in_hand();
      note_success(senders_.size());
    } catch (const std::exception& error) {
      // The store can not answer, or something worse: either way the mail is safe in it.
      note_trouble(senders_.size(), error.what());
      sleep = options_.poll;
    }
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, stop, sleep, [this] { return woken_; });
    woken_ = false;
  }
}

void Worker::take_over(const Queue& queue) {
  LinkId after{};
  while (true) {
    const auto rows = database_.run_now(queue.list_all, after, page);
    const Timestamp now = clock_.now();
    for (const auto& row : rows) {
      if (!row.put_aside && row.next_try_at > now)
        database_.run_now(queue.update_failed, now, row.last_error, row.id);
      after = row.id;
    }
    if (rows.size() < page) break;
  }
}

milliseconds Worker::take_in_hand() {
  const Timestamp looked_at = clock_.now();
  // Where the clock has been set back, whatever waits would wait for as long again.
  if (looked_at + clock_step < looked_at_) taken_over_ = false;
  looked_at_ = looked_at;
  if (!taken_over_ && options_.nodes == Nodes::one) {
    for (const Queue* queue : mails::queues) take_over(*queue);
  }
  taken_over_ = true;

  // While connections have enough to take, the store is not read: each new mail wakes this thread, and would
  // have it read all those that wait once more.
  may_have_more_ = true;
  if (!hand_.is_drained()) return options_.poll;

  bool full = false;
  bool some = false;
  for (const Queue* queue : mails::queues) {
    auto rows = database_.run_now(queue->list_due, clock_.now(), options_.batch);
    full = full || rows.size() >= static_cast<std::size_t>(options_.batch);
    for (auto& row : rows) some = hand_.add(*queue, std::move(row)) || some;
  }
  may_have_more_ = full;
  // The connection that takes the last of them wakes this thread.
  if (!hand_.is_drained()) return options_.poll;
  if (some && full) return shortest_sleep;

  milliseconds sleep = options_.poll;
  for (const Queue* queue : mails::queues) {
    const auto next = database_.run_now(queue->find_next_due);
    const Timestamp now = clock_.now();
    // What is due is in hand, or has fallen due just now.
    const bool is_in_hand = next.has_value() && *next <= now && !hand_.is_empty();
    if (next.has_value() && !is_in_hand)
      sleep = std::min(sleep, std::chrono::ceil<milliseconds>(*next - now));
  }
  return std::max(sleep, std::min(shortest_sleep, options_.poll));
}

void Worker::send_mail(std::size_t connection) {
  const std::stop_token stop = stop_.get_token();
  while (!stop.stop_requested()) {
    const auto due = hand_.take(connection, stop, options_.poll);
    if (!due.has_value()) {
      senders_[connection]->rest();
      continue;
    }
    if (hand_.is_drained() && may_have_more_) wake();
    send(connection, *due);
    hand_.release(*due);
    if (hand_.is_empty()) wake();  // to see when the next falls due
  }
}

void Worker::send(std::size_t connection, const Due& due) {
  try {
    senders_[connection]->send(due, stop_.get_token());
    note_success(connection);
    return;
  } catch (const std::exception& error) {
    note_trouble(connection, error.what());
  }
  while (sleep(options_.poll)) {
    try {
      senders_[connection]->settle_rest();
      note_success(connection);
      return;
    } catch (const std::exception& error) {
      note_trouble(connection, error.what());
    }
  }
}

bool Worker::sleep(milliseconds time) {
  std::mutex own;
  std::condition_variable_any nothing;
  std::unique_lock lock(own);
  nothing.wait_for(lock, stop_.get_token(), time, [] { return false; });
  return !stop_.stop_requested();
}

void Worker::note_trouble(Party party, std::string_view reason) {
  const std::scoped_lock lock(mutex_);
  if (std::ranges::find(in_trouble_, true) == in_trouble_.end())
    log::warn("mail.paused", {{"reason", reason}});
  in_trouble_[party] = true;
}

void Worker::note_success(Party party) {
  const std::scoped_lock lock(mutex_);
  if (!in_trouble_[party]) return;
  in_trouble_[party] = false;
  if (std::ranges::find(in_trouble_, true) == in_trouble_.end()) log::info("mail.resumed");
}

}  // namespace latchkey::mail
