#include "mail/queue.h"

#include <algorithm>
#include <boost/json/object.hpp>

#include "base/json.h"
#include "crypto/random.h"
#include "mail/counters.h"

namespace latchkey::mail {

namespace mails = store::mails;

std::string_view value_of(const Values& values, std::string_view name) {
  const auto found = std::ranges::find(values, name, &Value::name);
  return found == values.end() ? std::string_view() : std::string_view(found->value);
}

std::string write_parameters(const Values& parameters) {
  if (parameters.empty()) return "";
  std::string text;
  for (const Value& parameter : parameters) {
    text += text.empty() ? '{' : ',';
    append_json_string(text, parameter.name);
    text += ':';
    append_json_string(text, parameter.value);
  }
  return text + '}';
}

std::optional<Values> read_parameters(std::string_view text) {
  Values values;
  if (text.empty()) return values;
  const auto parsed = parse_json(text);
  if (parsed.has_error() || !parsed->is_object()) return std::nullopt;
  for (const auto& [name, value] : parsed->as_object()) {
    if (!value.is_string()) return std::nullopt;
    values.push_back({std::string(name), std::string(value.as_string())});
  }
  return values;
}

Row::Row(const New& mail)
    : id(crypto::new_link_id()),
      message(mail.message),
      recipient(mail.recipient),
      locale(mail.locale),
      parameters(write_parameters(mail.parameters)),
      link(mail.link),
      created_at(mail.now) {}

LinkId queue(db::Tx& tx, const Wake& wake, const New& mail) {
  const Row row(mail);
  tx.run_later(mails::insert_mail, row.id, mail.user, row.message, row.recipient, row.locale, row.parameters,
               row.link, row.created_at);
  tx.on_commit([&wake] { announce(wake, 1); });
  return row.id;
}

void announce(const Wake& wake, std::int64_t mails) {
  if (mails == 0) return;
  counters::queued.add(static_cast<std::uint64_t>(mails));
  wake();
}

void drop_links(db::Tx& tx, UserId user) {
  std::int64_t dropped = 0;
  for (const mails::Queue* queue : mails::queues) dropped += tx.run(queue->delete_links, user).rows;
  if (dropped == 0) return;
  tx.on_commit([dropped] { counters::dropped.add(static_cast<std::uint64_t>(dropped)); });
}

void drop_links_for(db::Tx& tx, UserId user, const std::string& purpose) {
  for (const mails::Queue* queue : mails::queues) tx.run_later(queue->delete_links_for, user, purpose);
}

std::int64_t count_waiting(db::Database& database) {
  std::int64_t count = 0;
  for (const mails::Queue* queue : mails::queues) count += database.run_now(queue->count_all).value_or(0);
  return count;
}

}  // namespace latchkey::mail
