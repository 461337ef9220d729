#include "mail/worker.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "mail/counters.h"
#include "mail/queue.h"

namespace latchkey::mail {
namespace {

using std::chrono::milliseconds;
namespace mails = store::mails;
namespace users = store::users;

constexpr std::int64_t page = 100;
constexpr std::size_t max_reason = 300;

WorkerOptions complete(WorkerOptions options) {
  if (options.from.address.empty()) options.from = {"Latchkey", "latchkey@localhost"};
  return options;
}

}  // namespace

Worker::Worker(db::Database& database, const Clock& clock, const Templates& templates,
               std::unique_ptr<Transport> transport, FindLinkKeys find_keys, WorkerOptions options)
    : database_(database),
      clock_(clock),
      templates_(templates),
      transport_(std::move(transport)),
      find_keys_(std::move(find_keys)),
      options_(complete(std::move(options))),
      jitter_(std::random_device{}()) {}

Worker::~Worker() { stop(); }

void Worker::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void Worker::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  news_.notify_one();
}

void Worker::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Worker::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    milliseconds sleep{0};
    try {
      sleep = send_due(stop);
      if (in_trouble_) log::info("mail.resumed");
      in_trouble_ = false;
    } catch (const std::exception& error) {
      // The store can not answer, or something worse: either way the mail is safe in it.
      note_trouble(error.what());
      sleep = options_.poll;
    }
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, stop, sleep, [this] { return woken_; });
    woken_ = false;
  }
}

void Worker::note_trouble(std::string_view reason) {
  if (!in_trouble_) log::warn("mail.paused", {{"reason", reason}});
  in_trouble_ = true;
}

void Worker::take_over(const Queue& queue) {
  LinkId after{};
  while (true) {
    const auto rows = database_.run_now(queue.list_all, after, page);
    const Timestamp now = clock_.now();
    for (const Row& row : rows) {
      if (!row.put_aside && row.next_try_at > now)
        database_.run_now(queue.update_failed, now, row.last_error, row.id);
      after = row.id;
    }
    if (rows.size() < page) break;
  }
}

milliseconds Worker::send_due(const std::stop_token& stop) {
  if (!taken_over_ && options_.nodes == Nodes::one) {
    for (const Queue* queue : mails::queues) take_over(*queue);
  }
  taken_over_ = true;
  delete_delivered();
  release_doubtful();

  bool some = false;
  for (const Queue* queue : mails::queues) {
    const auto rows = database_.run_now(queue->list_due, clock_.now(), options_.batch);
    for (const Row& row : rows) {
      if (stop.stop_requested()) return milliseconds{0};
      send(*queue, row, stop);
    }
    some = some || !rows.empty();
  }
  if (some) return milliseconds{0};  // more may have come meanwhile

  transport_->rest();
  milliseconds sleep = options_.poll;
  for (const Queue* queue : mails::queues) {
    if (const auto next = database_.run_now(queue->find_next_due))
      sleep = std::min(sleep, std::chrono::ceil<milliseconds>(*next - clock_.now()));
  }
  return std::max(sleep, milliseconds{1});
}

void Worker::send(const Queue& queue, const Row& row, const std::stop_token& stop) {
  const Timestamp now = clock_.now();
  const Timestamp lease_end = now + options_.lease;
  Lease lease{.queue = &queue, .mail = row.id, .end = lease_end, .asked = lease_end};
  try {
    const auto tries = database_.run_now(queue.update_claimed, lease_end, row.id, row.next_try_at);
    // Somebody else has it, its user is gone, or it went out and only its row is left.
    if (!tries || std::ranges::find(delivered_, Place{&queue, row.id}) != delivered_.end()) return;
    auto account = find_account(row);

    LeaseRenewal renewal(database_, clock_, lease, options_.lease, stop);
    const auto started = std::chrono::steady_clock::now();
    const Delivery delivery = attempt(row, std::move(account), now, renewal.stop_token());
    counters::delivery_seconds.observe(
        std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - started));
    const auto renewed = renewal.finish();
    if (renewed) lease = *renewed;
    // What has become of it is up to whoever has it now, unless there is nothing left to do.
    if (renewed || delivery.outcome == Delivery::Outcome::taken)
      settle({.queue = queue, .row = row, .tries = *tries}, delivery);
  } catch (...) {
    // The store may have the claim, though it did not answer: then nobody would look at the mail until the
    // lease ends.
    doubtful_.push_back(lease);
    throw;
  }
}

std::optional<users::Contact> Worker::find_account(const Row& row) {
  if (row.user_id == UserId{}) return std::nullopt;
  return database_.run_now(users::find_contact_by_id, row.user_id);
}

Delivery Worker::attempt(const Row& row, std::optional<users::Contact> account, Timestamp now,
                         const std::stop_token& stop) {
  // A newer server may have written what this one does not know.
  const Message* message = templates_.find(row.message);
  if (message == nullptr) return {Delivery::Outcome::later, "no template for this message"};
  if (message->link.purpose != row.link) return {Delivery::Outcome::later, "the message has no such link"};
  try {
    auto parameters = read_parameters(row.parameters);
    if (!parameters) return {Delivery::Outcome::later, "its parameters cannot be read"};
    Mail mail{.id = row.id,
              .recipient = row.recipient,
              .parameters = std::move(*parameters),
              .created_at = row.created_at,
              .account = std::move(account)};

    std::optional<Links> links;
    if (message->link.make != nullptr) {
      if (row.user_id != UserId{} && !mail.account)
        return {Delivery::Outcome::dropped, "its account is gone"};
      if (mail.account && !mail.account->is_active)
        return {Delivery::Outcome::dropped, "its account is blocked"};
      links = message->link.make(find_keys_(), mail);
      if (!links) return {Delivery::Outcome::dropped, "its account is no longer what the link was for"};
      if (links->expires_at <= now)
        return {Delivery::Outcome::refused, "the link expired before the mail could be sent"};
    }
    const Content content = render(row, mail, links);
    const Header header{.id = row.id, .from = options_.from, .to = row.recipient, .date = row.created_at};
    const Outgoing outgoing{
        .id = row.id,
        .now = now,
        .sender = options_.from.address,
        .recipient = row.recipient,
        .message = compose_message(header, content, transport_->encoding()),
        .link = links ? std::string(value_of(links->values, message->link.variable)) : std::string()};
    return transport_->deliver(outgoing, stop);
  } catch (const std::exception& error) {
    log::error("mail.fault", {{"mail", to_string(row.id)}, {"reason", error.what()}});
    return {Delivery::Outcome::later, "an internal fault: see mail.fault in the log"};
  }
}

Content Worker::render(const Row& row, const Mail& mail, const std::optional<Links>& links) const {
  Values values = mail.parameters;
  values.push_back({"service", options_.service});
  if (value_of(values, "username").empty() && mail.account)
    values.push_back({"username", mail.account->username});
  if (links) {
    values.insert(values.end(), links->values.begin(), links->values.end());
    const auto add_moment = [&](std::string_view name, Timestamp at) {
      values.push_back({std::string(name), templates_.format_moment(row.message, row.locale, at)});
    };
    add_moment("expires_at", links->expires_at);
    for (const auto& [name, at] : links->moments) add_moment(name, at);
  }
  return templates_.render(row.message, row.locale, values);
}

void Worker::settle(const Claimed& mail, const Delivery& delivery) {
  const Timestamp now = clock_.now();
  const std::string reason = delivery.reason.substr(0, max_reason);
  switch (delivery.outcome) {
    case Delivery::Outcome::taken:
      counters::sent.add();
      delivered_.push_back({&mail.queue, mail.row.id});
      delete_delivered();
      return;
    case Delivery::Outcome::stopped:
      database_.run_now(mail.queue.update_failed, now, mail.row.last_error, mail.row.id);
      return;
    case Delivery::Outcome::dropped:
      drop(mail, reason);
      return;
    case Delivery::Outcome::refused:
      put_aside(mail, reason);
      return;
    case Delivery::Outcome::later:
      if (is_given_up(mail.row.created_at, now)) {
        put_aside(mail, reason);
      } else {
        try_later(mail, now, reason);
      }
  }
}

void Worker::try_later(const Claimed& mail, Timestamp now, const std::string& reason) {
  const double share = std::uniform_real_distribution<double>(0, 1)(jitter_);
  const Timestamp at = next_try(now, mail.tries, share);
  database_.run_now(mail.queue.update_failed, at, reason, mail.row.id);
  counters::retried.add();
  log::warn("mail.retry", {{"mail", to_string(mail.row.id)},
                           {"tries", mail.tries},
                           {"next_try_at", format_rfc3339(at)},
                           {"reason", reason}});
}

void Worker::put_aside(const Claimed& mail, const std::string& reason) {
  database_.run_now(mail.queue.update_put_aside, reason, mail.row.id);
  counters::put_aside.add();
  log::error("mail.put_aside", {{"mail", to_string(mail.row.id)}, {"tries", mail.tries}, {"reason", reason}});
}

void Worker::drop(const Claimed& mail, const std::string& reason) {
  database_.run_now(mail.queue.delete_mail, mail.row.id);
  counters::dropped.add();
  log::info("mail.dropped", {{"mail", to_string(mail.row.id)}, {"reason", reason}});
}

void Worker::release_doubtful() {
  while (!doubtful_.empty()) {
    const Lease& lease = doubtful_.back();
    database_.run_now(lease.queue->update_lease, clock_.now(), lease.mail, lease.end, lease.asked);
    doubtful_.pop_back();
  }
}

void Worker::delete_delivered() {
  while (!delivered_.empty()) {
    const Place& place = delivered_.back();
    database_.run_now(place.queue->delete_mail, place.mail);
    delivered_.pop_back();
  }
}

}  // namespace latchkey::mail
