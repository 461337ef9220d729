#include "mail/smtp_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace latchkey::mail {
namespace {

constexpr std::size_t max_reply = 200;
/// Longer than any word that people write; shorter than a token.
constexpr std::size_t max_word = 40;

bool is_word_printable(std::string_view word) {
  return std::ranges::all_of(word, [](char c) { return c > ' ' && c <= '~'; });
}

bool is_shown(std::string_view word) {
  return word.size() <= max_word && is_word_printable(word) && word.find('@') == word.npos &&
         word.find("//") == word.npos && word.find('%') == word.npos;
}

}  // namespace

std::string_view name_of(SmtpStage stage) {
  constexpr std::array<std::string_view, 7> names{"connect", "greeting",  "tls",    "sign-in",
                                                  "sender",  "recipient", "content"};
  return names[static_cast<std::size_t>(stage)];
}

bool read_command(std::string_view line, SmtpStage& stage) {
  constexpr std::array<std::pair<std::string_view, SmtpStage>, 7> commands{{
      {"EHLO ", SmtpStage::greeting},
      {"HELO ", SmtpStage::greeting},
      {"STARTTLS", SmtpStage::tls},
      {"AUTH ", SmtpStage::sign_in},
      {"MAIL FROM:", SmtpStage::sender},
      {"RCPT TO:", SmtpStage::recipient},
      {"DATA", SmtpStage::content},
  }};
  const auto* found =
      std::ranges::find_if(commands, [&](const auto& command) { return line.starts_with(command.first); });
  if (found == commands.end()) return false;
  stage = found->second;
  return true;
}

Delivery judge(const SmtpFailure& failure) {
  const bool final_word = failure.stage == SmtpStage::recipient || failure.stage == SmtpStage::content;
  const bool refused = failure.code >= 500 && failure.code <= 599;
  const bool wants_sign_in = failure.code == 530 || failure.code == 535;

  std::string reason = fmt::format("{}: ", name_of(failure.stage));
  // A reply to a sign-in may quote what was sent.
  if (failure.code >= 400 && failure.stage == SmtpStage::sign_in) {
    reason += fmt::format("{}", failure.code);
  } else if (failure.code >= 400) {
    reason += clean_reply(failure.reply);
  } else {
    reason += clean_reply(failure.error.empty() ? "no answer" : failure.error);
  }
  return {final_word && refused && !wants_sign_in ? Delivery::Outcome::refused : Delivery::Outcome::later,
          std::move(reason)};
}

std::string clean_reply(std::string_view reply) {
  std::string out;
  while (out.size() < max_reply) {
    const auto start = reply.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) break;
    reply.remove_prefix(start);
    const std::string_view word = reply.substr(0, reply.find_first_of(" \t\r\n"));
    reply.remove_prefix(word.size());
    if (!out.empty()) out += ' ';
    out += is_shown(word) ? word : std::string_view("[...]");
  }
  if (out.size() > max_reply) out.resize(max_reply);
  return out;
}

}  // namespace latchkey::mail
