#include "mail/smtp_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/unicode.h"

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
  if (!failure.explanation.empty()) {
    reason += failure.explanation;
  } else if (failure.code >= 400 && failure.stage == SmtpStage::sign_in) {
    reason += fmt::format("{}", failure.code);
  } else if (failure.code >= 400) {
    reason += clean_reply(failure.reply);
  } else {
    reason += clean_reply(failure.error.empty() ? "no answer" : failure.error);
  }
  return {final_word && refused && !wants_sign_in ? Delivery::Outcome::refused : Delivery::Outcome::later,
          std::move(reason)};
}

std::string explain(const SmtpEvidence& evidence) {
  if (evidence.login_denied && evidence.stage < SmtpStage::sign_in) {
    return fmt::format(
        "the server offers only AUTH {}, but Latchkey signs in with PLAIN or LOGIN: no password was sent",
        evidence.mechanisms.empty() ? "nothing" : clean_reply(evidence.mechanisms));
  }
  if (!evidence.tls_first && evidence.connected && evidence.stage == SmtpStage::connect) {
    return "the server sent no greeting; if its port speaks TLS from the first byte, mail.smtp_url must "
           "begin with smtps://";
  }
  if (evidence.tls_first && evidence.stage == SmtpStage::connect &&
      (evidence.error.find("wrong version number") != std::string_view::npos ||
       evidence.error.find("packet length too long") != std::string_view::npos)) {
    return "the port does not speak TLS from the first byte, as smtps:// asks for: mail.smtp_url must begin "
           "with smtp://";
  }
  return "";
}

std::string_view read_mechanisms(std::string_view line) {
  constexpr std::size_t code = sizeof "250-" - 1;
  if (line.size() < code + 5 || !line.starts_with("250")) return {};
  const std::string_view keyword = line.substr(code, 5);
  // Some old servers write "AUTH=".
  if (!equal_ignoring_ascii_case(keyword, "AUTH ") && !equal_ignoring_ascii_case(keyword, "AUTH=")) return {};
  return trim(line.substr(code + 5));
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
