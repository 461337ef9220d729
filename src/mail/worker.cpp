#include "mail/worker.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "mail/counters.h"

namespace latchkey::mail {
namespace {

using std::chrono::milliseconds;
using store::outbox::Mail;
namespace outbox = store::outbox;

constexpr std::int64_t page = 100;
constexpr std::size_t max_reason = 300;

MailWorkerOptions complete(MailWorkerOptions options) {
  if (options.from.address.empty()) options.from = {"Latchkey", "latchkey@localhost"};
  return options;
}

}  // namespace

MailWorker::MailWorker(db::Database& database, const Clock& clock, const MailTemplates& templates,
                       std::unique_ptr<MailTransport> transport, LinkMaker make_links,
                       MailWorkerOptions options)
    : database_(database),
      clock_(clock),
      templates_(templates),
      transport_(std::move(transport)),
      make_links_(std::move(make_links)),
      options_(complete(std::move(options))),
      jitter_(std::random_device{}()) {}

MailWorker::~MailWorker() { stop(); }

void MailWorker::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void MailWorker::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  news_.notify_one();
}

void MailWorker::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void MailWorker::work(const std::stop_token& stop) {
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

void MailWorker::note_trouble(std::string_view reason) {
  if (!in_trouble_) log::warn("mail.paused", {{"reason", reason}});
  in_trouble_ = true;
}

void MailWorker::take_over() {
  LinkId after{};
  while (true) {
    const auto mails = database_.run_now(outbox::list_all, after, page);
    const Timestamp now = clock_.now();
    for (const Mail& mail : mails) {
      if (!mail.put_aside && mail.next_try_at > now) {
        database_.run_now(outbox::update_failed, now, mail.last_error, mail.id);
      }
      after = mail.id;
    }
    if (mails.size() < page) break;
  }
}

milliseconds MailWorker::send_due(const std::stop_token& stop) {
  if (!taken_over_ && options_.nodes == Nodes::one) take_over();
  taken_over_ = true;
  delete_delivered();
  release_doubtful();

  const auto mails = database_.run_now(outbox::list_due, clock_.now(), options_.batch);
  for (const Mail& mail : mails) {
    if (stop.stop_requested()) return milliseconds{0};
    send(mail, stop);
  }
  if (!mails.empty()) return milliseconds{0};  // more may have come meanwhile

  transport_->rest();
  const auto next = database_.run_now(outbox::find_next_due);
  if (!next) return options_.poll;
  const auto wait = std::chrono::ceil<milliseconds>(*next - clock_.now());
  return std::clamp(wait, milliseconds{1}, options_.poll);
}

void MailWorker::send(const Mail& mail, const std::stop_token& stop) {
  const Timestamp now = clock_.now();
  const Timestamp lease_end = now + options_.lease;
  MailLease lease{.mail = mail.id, .end = lease_end, .asked = lease_end};
  try {
    const auto tries = database_.run_now(outbox::update_claimed, lease_end, mail.id, mail.next_try_at);
    // Somebody else has it, its user is gone, or it went out and only its row is left.
    if (!tries || std::ranges::find(delivered_, mail.id) != delivered_.end()) return;

    LeaseRenewal renewal(database_, clock_, lease, options_.lease, stop);
    const auto started = std::chrono::steady_clock::now();
    const Delivery delivery = attempt(mail, now, renewal.stop_token());
    counters::delivery_seconds.observe(
        std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - started));
    const auto renewed = renewal.finish();
    if (renewed) lease = *renewed;
    // What has become of it is up to whoever has it now, unless there is nothing left to do.
    if (renewed || delivery.outcome == Delivery::Outcome::taken) settle(mail, *tries, delivery);
  } catch (...) {
    // The store may have the claim, though it did not answer: then nobody would look at the mail until the
    // lease ends.
    doubtful_.push_back(lease);
    throw;
  }
}

Delivery MailWorker::attempt(const Mail& mail, Timestamp now, const std::stop_token& stop) {
  // A newer server may have written what this one does not know.
  if (!templates_.has(mail.message)) return {Delivery::Outcome::later, "no template for this message"};
  try {
    MailLinks links = make_links_(mail);
    if (links.expires_at <= now) {
      return {Delivery::Outcome::refused, "the link ran out before the mail could be sent"};
    }
    const MailContent content = templates_.render(mail.message, {.username = mail.username,
                                                                 .confirm_url = links.confirm_url,
                                                                 .reject_url = links.reject_url,
                                                                 .expires_at = links.expires_at,
                                                                 .service = options_.service});
    const MailHeader header{.id = mail.id, .from = options_.from, .to = mail.email, .date = mail.created_at};
    const OutgoingMail outgoing{.id = mail.id,
                                .now = now,
                                .sender = options_.from.address,
                                .recipient = mail.email,
                                .message = compose_message(header, content, transport_->encoding()),
                                .link = std::move(links.confirm_url)};
    return transport_->deliver(outgoing, stop);
  } catch (const std::exception& error) {
    log::error("mail.fault", {{"mail", to_string(mail.id)}, {"reason", error.what()}});
    return {Delivery::Outcome::later, "a fault of ours: see mail.fault in the log"};
  }
}

void MailWorker::settle(const Mail& mail, std::int64_t tries, const Delivery& delivery) {
  const Timestamp now = clock_.now();
  const std::string reason = delivery.reason.substr(0, max_reason);
  switch (delivery.outcome) {
    case Delivery::Outcome::taken:
      counters::sent.add();
      delivered_.push_back(mail.id);
      delete_delivered();
      return;
    case Delivery::Outcome::stopped:
      database_.run_now(outbox::update_failed, now, mail.last_error, mail.id);
      return;
    case Delivery::Outcome::refused:
      put_aside(mail, tries, reason);
      return;
    case Delivery::Outcome::later:
      if (is_mail_given_up(mail.created_at, now)) {
        put_aside(mail, tries, reason);
      } else {
        try_later(mail, tries, now, reason);
      }
  }
}

void MailWorker::try_later(const Mail& mail, std::int64_t tries, Timestamp now, const std::string& reason) {
  const double share = std::uniform_real_distribution<double>(0, 1)(jitter_);
  const Timestamp at = next_mail_try(now, tries, share);
  database_.run_now(outbox::update_failed, at, reason, mail.id);
  counters::retried.add();
  log::warn("mail.retry", {{"mail", to_string(mail.id)},
                           {"tries", tries},
                           {"next_try_at", format_rfc3339(at)},
                           {"reason", reason}});
}

void MailWorker::put_aside(const Mail& mail, std::int64_t tries, const std::string& reason) {
  database_.run_now(outbox::update_put_aside, reason, mail.id);
  counters::put_aside.add();
  log::error("mail.put_aside", {{"mail", to_string(mail.id)}, {"tries", tries}, {"reason", reason}});
}

void MailWorker::release_doubtful() {
  while (!doubtful_.empty()) {
    const MailLease& lease = doubtful_.back();
    database_.run_now(outbox::update_lease, clock_.now(), lease.mail, lease.end, lease.asked);
    doubtful_.pop_back();
  }
}

void MailWorker::delete_delivered() {
  while (!delivered_.empty()) {
    database_.run_now(outbox::delete_mail, delivered_.back());
    delivered_.pop_back();
  }
}

}  // namespace latchkey::mail
