#include "app/cli/mail_commands.h"

#include <fmt/format.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "app/cli/table.h"
#include "store/mails.h"

namespace latchkey::app::cli {
namespace {

namespace mails = store::mails;
using mails::Mail;

constexpr std::int64_t mails_at_once = 500;

std::string_view state_of(const Mail& mail) { return mail.put_aside ? "put aside" : "waiting"; }

std::string to_json(const Mail& mail) {
  const boost::json::object object{{"id", to_string(mail.id)},
                                   {"user_id", mail.user_id.value},
                                   {"email", mail.recipient},
                                   {"message", mail.message},
                                   {"created_at", format_rfc3339(mail.created_at)},
                                   {"next_try_at", format_rfc3339(mail.next_try_at)},
                                   {"tries", mail.tries},
                                   {"state", state_of(mail)},
                                   {"last_error", mail.last_error}};
  return boost::json::serialize(object);
}

std::vector<std::string> to_row(const Mail& mail) {
  return {to_string(mail.id),
          mail.user_id == UserId{} ? "-" : std::to_string(mail.user_id.value),
          mail.recipient,
          mail.message,
          format_rfc3339(mail.created_at),
          mail.put_aside ? "-" : format_rfc3339(mail.next_try_at),
          std::to_string(mail.tries),
          std::string(state_of(mail)),
          mail.last_error.empty() ? "-" : mail.last_error};
}

}  // namespace

int execute(const MailList& command, Context& context) {
  const bool json = command.format == Format::json;
  JsonArray array(context.console);
  Table table(context.console,
              {"ID", "USER", "RECIPIENT", "MESSAGE", "CREATED", "NEXT TRY", "TRIES", "STATE", "LAST ERROR"});
  for (const mails::Queue* queue : mails::queues) {
    LinkId after{};
    for (;;) {
      const auto found = context.services.database.run_now(queue->list_all, after, mails_at_once);
      if (found.empty()) break;
      for (const Mail& mail : found) json ? array.add(to_json(mail)) : table.add(to_row(mail));
      json ? array.flush() : table.flush();
      after = found.back().id;
    }
  }
  if (json) {
    array.finish();
  } else if (table.size() == 0) {
    context.console.err("no mail is waiting\n");
  }
  return exit_done;
}

int execute(const MailRetry& command, Context& context) {
  auto work = [&](db::Tx& tx) {
    std::int64_t rows = 0;
    for (const mails::Queue* queue : mails::queues) {
      rows += command.id.has_value() ? tx.run(queue->update_retry, context.origin.now, *command.id).rows
                                     : tx.run(queue->update_retry_all, context.origin.now).rows;
    }
    return rows;
  };
  const auto count = context.services.database.write_now(work);
  if (command.id.has_value() && count == 0) return refuse(context.console, ErrorCode::mail_not_found);
  if (count > 0) context.services.wake_mail();
  context.console.out(fmt::format("{} {} will be sent now\n", count, count == 1 ? "mail" : "mails"));
  return exit_done;
}

}  // namespace latchkey::app::cli
