#include "flow/accounts/validation.h"

#include "base/field_errors.h"
#include "base/unicode.h"

namespace latchkey::flow::accounts {

using crypto::password::Verdict;

namespace {

constexpr std::size_t min_username = 3;
constexpr std::size_t max_username = 50;

void check_email(const Settings& settings, std::string_view text, NewAccount& account,
                 FieldErrors& problems) {
  auto parsed = parse_email_address(text, settings.accounts.domains_without_dot);
  if (parsed.has_value()) {
    account.email = std::move(*parsed);
  } else {
    problems.add("email", "value_error.email", std::string(parsed.error().reason));
  }
}

void check_username(const Settings& settings, std::string_view text, NewAccount& account,
                    FieldErrors& problems) {
  if (!is_valid_utf8(text)) return problems.add("username", "value_error", "is not valid UTF-8");
  const auto trimmed = trim(text);
  // A bound on bytes first: a megabyte is not worth counting.
  const std::size_t length =
      trimmed.size() > 4 * max_username ? max_username + 1 : count_code_points(trimmed);
  if (length < min_username)
    return problems.add("username", "string_too_short", "must have at least 3 characters");
  if (length > max_username)
    return problems.add("username", "string_too_long", "must have at most 50 characters");
  if (has_control_characters(trimmed)) {
    return problems.add("username", "value_error", "must not contain control characters");
  }
  if (!has_visible_characters(trimmed)) {
    return problems.add("username", "value_error", "must contain a visible character");
  }
  account.username = std::string(trimmed);
  if (settings.accounts.unique_usernames) account.username_key = fold_case(trimmed);
}

void check_password(const Settings& settings, std::string_view text, NewAccount& account,
                    FieldErrors& problems) {
  const auto longest = static_cast<std::size_t>(settings.password.max_length);
  const auto shortest = static_cast<std::size_t>(settings.password.min_length);
  const auto too_long = [&] {
    problems.add("password", "string_too_long",
                 "must have at most " + std::to_string(longest) + " characters");
  };
  // No character has more than four bytes, so nothing needs to be normalised to know this.
  if (text.size() > 4 * longest) return too_long();
  if (!is_valid_utf8(text)) return problems.add("password", "value_error", "is not valid UTF-8");
  if (text.find('\0') != std::string_view::npos) {
    return problems.add("password", "value_error", "must not contain the character NUL");
  }
  auto nfc = to_nfc(text).value();
  const std::size_t length = count_code_points(nfc);
  if (length < shortest) {
    problems.add("password", "string_too_short",
                 "must have at least " + std::to_string(shortest) + " characters");
  } else if (length > longest) {
    too_long();
  } else {
    account.password = Secret(nfc);
  }
  wipe(nfc);
}

}  // namespace

Result<NewAccount> check_fields(const Settings& settings, std::string_view email, std::string_view username,
                                std::string_view password) {
  NewAccount account;
  FieldErrors problems;
  check_email(settings, email, account, problems);
  check_username(settings, username, account, problems);
  check_password(settings, password, account, problems);
  if (!problems.empty()) return problems.take();
  return account;
}

Result<Secret> check_password(const Settings& settings, std::string_view password) {
  NewAccount account;
  FieldErrors problems;
  check_password(settings, password, account, problems);
  if (!problems.empty()) return problems.take();
  return std::move(account.password);
}

Result<Username> check_username(const Settings& settings, std::string_view username) {
  NewAccount account;
  FieldErrors problems;
  check_username(settings, username, account, problems);
  if (!problems.empty()) return problems.take();
  return Username{.name = std::move(account.username), .key = std::move(account.username_key)};
}

std::vector<std::string> likely_words(const std::string& email, const std::string& username) {
  return {email, username, "latchkey"};
}

std::vector<std::string> likely_words(const NewAccount& account) {
  return likely_words(account.email.address, account.username);
}

crypto::password::Demands demands(const Settings& settings, const crypto::breached::Index* breached) {
  return {.least_guesses_log10 = static_cast<double>(settings.password.min_guesses_log10),
          .breached = breached};
}

Error refused_password(Verdict verdict) {
  FieldErrors problems;
  if (verdict == Verdict::breached) {
    problems.add(
        "password", "password_breached",
        "was leaked by some other service and is in the lists that attackers try; choose another one, "
        "and change it wherever else you use it");
  } else {
    problems.add("password", "password_too_weak", "is too easy to guess; use a longer or less common one");
  }
  return problems.take();
}

Result<NewAccount> check_new_account(const Settings& settings, const crypto::breached::Index* breached,
                                     std::string_view email, std::string_view username,
                                     std::string_view password) {
  auto account = check_fields(settings, email, username, password);
  if (account.has_error()) return account;
  const auto verdict =
      crypto::password::judge(account->password.text(), likely_words(*account), demands(settings, breached));
  if (verdict != Verdict::good) return refused_password(verdict);
  return account;
}

Result<NewAccount> check_imported_account(const Settings& settings, std::string_view email,
                                          std::string_view username) {
  NewAccount account;
  FieldErrors problems;
  check_email(settings, email, account, problems);
  check_username(settings, username, account, problems);
  if (!problems.empty()) return problems.take();
  return account;
}

std::optional<crypto::password::TriedPassword> read_tried_password(const Settings& settings,
                                                                   Secret password) {
  if (password.size() > 4 * static_cast<std::size_t>(settings.password.max_length)) return std::nullopt;
  auto nfc = to_nfc(password.text());
  if (!nfc.has_value()) return std::nullopt;
  crypto::password::TriedPassword tried;
  if (*nfc == password.text()) {
    tried.nfc = std::move(password);
  } else {
    tried.nfc = Secret(*nfc);
    tried.raw = std::move(password);
  }
  wipe(*nfc);
  return tried;
}

}  // namespace latchkey::flow::accounts
