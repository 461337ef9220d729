#include "flow/events.h"

#include "flow/limits/repeated_refusal.h"

namespace latchkey::flow {
namespace {

store::audit::Entry entry_of(const Origin& origin, const Event& event, Outcome outcome,
                             std::string_view target, std::string_view detail) {
  return {.at = origin.now,
          .event = std::string(event.name),
          .result = std::string(outcome.text()),
          .actor = origin.actor,
          .target = std::string(target),
          .address = origin.address,
          .request_id = origin.request_id,
          .detail = std::string(detail)};
}

metrics::Counter* counter_of(const Event& event, Outcome outcome) {
  metrics::Counter* counter = event.counted.find(outcome);
  return counter != nullptr ? counter : event.otherwise;
}

void write_line(const Event::Line& line, Outcome outcome, std::string_view request_id,
                std::string_view target) {
  const log::Fields fields{{"request_id", request_id}, {"sub", target}, {"outcome", outcome.text()}};
  switch (line.level) {
    case log::Level::debug:
      return log::debug(line.name, fields);
    case log::Level::info:
      return log::info(line.name, fields);
    case log::Level::warn:
      return log::warn(line.name, fields);
    case log::Level::error:
      return log::error(line.name, fields);
  }
}

void tell(const Event& event, Outcome outcome, std::string_view request_id, std::string_view target) {
  if (metrics::Counter* counter = counter_of(event, outcome)) counter->add();
  if (!event.line.name.empty()) write_line(event.line, outcome, request_id, target);
}

void tell_on_commit(db::Tx& tx, const Origin& origin, const Event& event, Outcome outcome,
                    std::string_view target) {
  if (event.line.name.empty()) {
    if (metrics::Counter* counter = counter_of(event, outcome)) count_on_commit(tx, *counter);
    return;
  }
  tx.on_commit([&event, outcome, request_id = origin.request_id, target = std::string(target)] {
    tell(event, outcome, request_id, target);
  });
}

}  // namespace

void count_on_commit(db::Tx& tx, metrics::Counter& counter, std::int64_t times) {
  tx.on_commit([&counter, times] { counter.add(static_cast<std::uint64_t>(times)); });
}

void record(db::Tx& tx, const Origin& origin, const Event& event, Outcome outcome, std::string_view target,
            std::string_view detail) {
  store::audit::insert_entry(tx, entry_of(origin, event, outcome, target, detail));
  tell_on_commit(tx, origin, event, outcome, target);
}

void record_for_nobody(db::Tx& tx, const Origin& origin, const Event& event, Outcome outcome,
                       std::string_view detail) {
  const auto entry = entry_of(origin, event, outcome, to_string(Subject{}), detail);
  store::audit::insert_entry(tx, entry);
  store::audit::remove_entry(tx, entry);
  tell_on_commit(tx, origin, event, outcome, "");
}

EntryOfUnit::EntryOfUnit(const Origin& origin, const Event& event, Outcome outcome, const Subject& account)
    : event_(event),
      outcome_(outcome),
      account_(account),
      entry_(entry_of(origin, event, outcome, to_string(account), "")) {}

void EntryOfUnit::tell() const { flow::tell(event_, outcome_, entry_.request_id, entry_.target); }

void note(const Origin& origin, const Event& event, Outcome outcome, std::string_view target) {
  tell(event, outcome, origin.request_id, target);
}

void record_refusal(db::Tx& tx, Services& services, const Origin& origin, const Event& event, Outcome outcome,
                    std::string_view target, std::string_view detail) {
  if (limits::may_be_kept(services, origin.now)) {
    record(tx, origin, event, outcome, target, detail);
  } else {
    record_for_nobody(tx, origin, event, outcome, detail);
  }
}

Task<bool> refuse(Services& services, Origin origin, const Event& event, ErrorCode code, Subject account,
                  std::string detail) {
  const std::string target = to_string(account);
  if (!limits::is_due_for_audit(services, event.name, target, origin.now)) {
    note(origin, event, code, target);
    co_return false;
  }
  auto work = [&](db::Tx& tx) { record_refusal(tx, services, origin, event, code, target, detail); };
  co_await services.database.write(work);
  co_return true;
}

Task<bool> refuse_nobody(Services& services, Origin origin, const Event& event, ErrorCode code,
                         std::string whose) {
  if (!limits::is_due_for_audit(services, event.name, whose, origin.now)) {
    note(origin, event, code);
    co_return false;
  }
  auto work = [&](db::Tx& tx) { record_for_nobody(tx, origin, event, code); };
  co_await services.database.write(work);
  co_return true;
}

}  // namespace latchkey::flow
