#include "app/cli/show_mail.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "app/cli/table.h"
#include "mail/mail_folder.h"
#include "settings/newcomer.h"
#include "store/mails.h"

namespace latchkey::app::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds patience{10};
constexpr std::chrono::milliseconds between_looks{50};
/// Where a mail to one address is looked for.
constexpr std::size_t mails_looked_through = 500;

bool is_meant(std::string_view wanted, std::string_view recipient) {
  return wanted.empty() || recipient == wanted;
}

/// Whether a mail is due and will be written in a moment.
bool is_one_waiting(const Context& context, std::string_view to) {
  for (const store::mails::Queue* queue : store::mails::queues) {
    const auto first = context.services.database.run_now(queue->list_all, LinkId{},
                                                         static_cast<std::int64_t>(mails_looked_through));
    const auto waits = [&](const store::mails::Mail& mail) {
      return !mail.put_aside && mail.last_error.empty() && is_meant(to, mail.recipient);
    };
    if (std::ranges::any_of(first, waits)) return true;
  }
  return false;
}

void wait_for_due_mails(const Context& context, std::string_view to) {
  const auto deadline = steady_clock::now() + patience;
  while (is_one_waiting(context, to) && steady_clock::now() < deadline && !context.stop.stop_requested())
    std::this_thread::sleep_for(between_looks);
}

std::string printed(const mail::WrittenMail& mail) {
  std::string out =
      fmt::format("To: {}\nSubject: {}\n\n", printable(mail.message.to), printable(mail.message.subject));
  std::string_view text = mail.message.text;
  while (!text.empty()) {
    const auto end = text.find('\n');
    out += printable(text.substr(0, end)) + '\n';
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

}  // namespace

int execute(const MailShow& command, Context& context) {
  const Settings& settings = context.services.settings;
  if (!settings.mail.smtp_url.empty()) {
    context.console.complain("mails are sent to mail.smtp_url, and none is written to a file");
    return exit_refused;
  }
  wait_for_due_mails(context, command.to);
  const auto folder = settings::mail_folder(settings);
  const auto newest = mail::list_newest_mails(folder, command.to.empty() ? 1 : mails_looked_through).mails;
  const auto found =
      std::ranges::find_if(newest, [&](const auto& mail) { return is_meant(command.to, mail.message.to); });
  if (found == newest.end()) {
    const std::string whose = command.to.empty() ? "" : " to " + printable(command.to);
    context.console.complain(fmt::format("there is no mail{} in {}", whose, folder.string()));
    return exit_refused;
  }
  const auto whole = mail::find_mail(folder, found->id);
  context.console.out(printed(whole.value_or(*found)));
  return exit_done;
}

}  // namespace latchkey::app::cli
