#include "mail/sender.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "base/test_point.h"
#include "mail/counters.h"
#include "mail/plain_name.h"
#include "mail/queue.h"
#include "mail/schedule.h"

namespace latchkey::mail {
namespace {

namespace users = store::users;

constexpr std::size_t max_reason = 300;

}  // namespace

Sender::Sender(db::Database& database, const Clock& clock, const Templates& templates,
               std::unique_ptr<Transport> transport, const FindLinkKeys& find_keys, const Sending& options)
    : database_(database),
      clock_(clock),
      templates_(templates),
      transport_(std::move(transport)),
      find_keys_(find_keys),
      options_(options),
      jitter_(std::random_device{}()) {}

void Sender::send(const Due& due, const std::stop_token& stop) {
  const Queue& queue = *due.queue;
  const Row& row = due.row;
  const Timestamp now = clock_.now();
  const Timestamp lease_end = now + options_.lease;
  Lease lease{.queue = &queue, .mail = row.id, .end = lease_end, .asked = lease_end};
  try {
    const auto tries = database_.run_now(queue.update_claimed, lease_end, row.id, row.next_try_at);
    if (!tries) return;  // somebody else has it, or its user is gone
    auto account = find_account(row);

    LeaseRenewal renewal(database_, clock_, lease, options_.lease, stop);
    const auto started = std::chrono::steady_clock::now();
    const Delivery delivery = attempt(row, std::move(account), now, renewal.stop_token());
    counters::delivery_seconds.observe(
        std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - started));
    const auto renewed = renewal.finish();
    if (renewed) lease = *renewed;
    // If the lease was lost, the node that has the mail now records the outcome, unless the mail was taken.
    if (renewed || delivery.outcome == Delivery::Outcome::taken)
      settle({.queue = queue, .row = row, .tries = *tries}, delivery);
  } catch (...) {
    // The store may have the claim, though it did not answer: then nobody would look at the mail until the
    // lease ends.
    doubtful_ = lease;
    throw;
  }
}

std::optional<users::Contact> Sender::find_account(const Row& row) {
  if (row.user_id == UserId{}) return std::nullopt;
  return database_.run_now(users::find_contact_by_id, row.user_id);
}

Delivery Sender::attempt(const Row& row, std::optional<users::Contact> account, Timestamp now,
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
              .now = now,
              .account = std::move(account)};

    const bool is_notice = message->link.purpose.empty();
    std::optional<Links> links;
    if (message->link.make != nullptr) {
      if (!is_notice && row.user_id != UserId{} && !mail.account)
        return {Delivery::Outcome::dropped, "its account is gone"};
      if (!is_notice && mail.account && !mail.account->is_active)
        return {Delivery::Outcome::dropped, "its account is blocked"};
      links = message->link.make(find_keys_(), mail);
      if (!is_notice && !links)
        return {Delivery::Outcome::dropped, "its account is no longer what the link was for"};
      if (links && links->expires_at <= now) {
        if (!is_notice) return {Delivery::Outcome::refused, "the link expired before the mail could be sent"};
        links.reset();
      }
    }
    const Content content = render(row, mail, links);
    const Header header{.id = row.id, .from = options_.from, .to = row.recipient, .date = row.created_at};
    const Outgoing outgoing{.id = row.id,
                            .now = now,
                            .sender = options_.envelope_from,
                            .recipient = row.recipient,
                            .message = compose_message(header, content, transport_->encoding()),
                            .link = links && !is_notice
                                        ? std::string(value_of(links->values, message->link.variable))
                                        : std::string()};
    return transport_->deliver(outgoing, stop);
  } catch (const std::exception& error) {
    log::error("mail.fault", {{"mail", to_string(row.id)}, {"reason", error.what()}});
    return {Delivery::Outcome::later, "an internal fault: see mail.fault in the log"};
  }
}

Content Sender::render(const Row& row, const Mail& mail, const std::optional<Links>& links) const {
  const bool has_chosen = mail.account && !mail.account->language.empty();
  const std::string& language = has_chosen ? mail.account->language : row.locale;
  Values values = mail.parameters;
  values.push_back({"service", options_.service});
  const auto given = std::ranges::find(values, "username", &Value::name);
  const bool is_given = given != values.end() && !given->value.empty();
  const std::string name = is_given ? given->value : mail.account ? mail.account->username : std::string();
  if (given != values.end()) values.erase(given);
  // A stranger who signs up with somebody else's address chooses the name that the owner reads.
  values.push_back({"username", without_links(name)});
  const auto add_moment = [&](std::string_view variable, Timestamp at) {
    values.push_back({std::string(variable), templates_.format_moment(row.message, language, at)});
  };
  add_moment("created_at", row.created_at);
  if (links) {
    values.insert(values.end(), links->values.begin(), links->values.end());
    add_moment("expires_at", links->expires_at);
    for (const auto& [variable, at] : links->moments) add_moment(variable, at);
  }
  return templates_.render(row.message, language, values);
}

void Sender::settle(const Claimed& mail, const Delivery& delivery) {
  const Timestamp now = clock_.now();
  const std::string reason = delivery.reason.substr(0, max_reason);
  switch (delivery.outcome) {
    case Delivery::Outcome::taken:
      counters::sent.add();
      delivered_ = Place{&mail.queue, mail.row.id};
      test_point("mail.sent");
      database_.run_now(mail.queue.delete_mail, mail.row.id);
      delivered_.reset();
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

void Sender::try_later(const Claimed& mail, Timestamp now, const std::string& reason) {
  const double share = std::uniform_real_distribution<double>(0, 1)(jitter_);
  const Timestamp at = next_try(now, mail.tries, share);
  database_.run_now(mail.queue.update_failed, at, reason, mail.row.id);
  counters::retried.add();
  log::warn("mail.retry", {{"mail", to_string(mail.row.id)},
                           {"tries", mail.tries},
                           {"next_try_at", format_rfc3339(at)},
                           {"reason", reason}});
}

void Sender::put_aside(const Claimed& mail, const std::string& reason) {
  database_.run_now(mail.queue.update_put_aside, reason, mail.row.id);
  counters::put_aside.add();
  log::error("mail.put_aside", {{"mail", to_string(mail.row.id)}, {"tries", mail.tries}, {"reason", reason}});
}

void Sender::drop(const Claimed& mail, const std::string& reason) {
  database_.run_now(mail.queue.delete_mail, mail.row.id);
  counters::dropped.add();
  log::info("mail.dropped", {{"mail", to_string(mail.row.id)}, {"reason", reason}});
}

void Sender::settle_rest() {
  if (delivered_.has_value()) database_.run_now(delivered_->queue->delete_mail, delivered_->mail);
  delivered_.reset();
  if (doubtful_.has_value()) {
    database_.run_now(doubtful_->queue->update_lease, clock_.now(), doubtful_->mail, doubtful_->end,
                      doubtful_->asked);
  }
  doubtful_.reset();
}

}  // namespace latchkey::mail
