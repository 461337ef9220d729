#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crypto/totp.h"
#include "features/recovery_codes/codes.h"
#include "features/sudo/prove.h"
#include "features/totp/log_in.h"
#include "features/totp/set_up.h"
#include "flow/sessions/authenticate.h"
#include "flow/world.h"
#include "store/factor_attempts.h"
#include "store/recovery_codes.h"
#include "store/totp.h"

namespace latchkey::flow {

constexpr db::Statement<std::optional<std::int64_t>, std::string> count_mails_of{
    "SELECT count(*) FROM mails WHERE message = $1"};

/// Accounts with an authenticator app.
class FactorsWorld : public World {
 protected:
  static Secret from_base32(std::string_view text) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
      bits = bits << 5U | static_cast<std::uint32_t>(alphabet.find(c));
      count += 5;
      if (count < 8) continue;
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xffU);
    }
    return Secret(std::string_view(bytes));
  }

  features::totp::Own own(const std::string& email) { return own(email, log_in(email).value()); }
  features::totp::Own own(const std::string& email, const sessions::TokenPair& tokens) {
    const auto caller = wait(sessions::authenticate(services, now, tokens.access_token)).value();
    return {
        .user = caller.user.id, .subject = caller.user.subject, .session = caller.session, .email = email};
  }

  Result<features::totp::Begun> begin(const features::totp::Own& whose) {
    return wait(features::totp::begin(services, origin(), whose));
  }
  Result<features::totp::Confirmed> confirm(
      const features::totp::Own& whose, const std::string& enrolment, const std::string& code,
      features::totp::OtherSessions others = features::totp::OtherSessions::stay) {
    return wait(features::totp::confirm(services, origin(), whose, enrolment, code, others));
  }

  /// Sets up an app and goes on to a time at which its next code is a new one.
  std::vector<std::string> enrol(const features::totp::Own& whose) {
    const auto begun = begin(whose).value();
    secret = from_base32(begun.secret.text());
    auto confirmed = confirm(whose, begun.enrolment, code()).value();
    now += std::chrono::seconds(30);
    return confirmed.recovery_codes.value_or(std::vector<std::string>{});
  }
  /// A member with an app; signed in as `mine`.
  std::vector<std::string> member_with_app(const std::string& email) {
    member(email);
    mine = own(email);
    return enrol(mine);
  }

  std::string code(std::int64_t steps_from_now = 0) const {
    return crypto::totp_code(secret, crypto::totp_step(now) + steps_from_now);
  }
  /// One that is not among the three that are good now.
  std::string wrong_code() const {
    for (int n = 0;; ++n) {
      std::string text = std::to_string(100'000 + n);
      if (text != code(-1) && text != code() && text != code(1)) return text;
    }
  }

  /// What a right password is answered with.
  std::string login_token(const std::string& email) {
    const auto refused = log_in(email);
    EXPECT_EQ(refused.error().code, ErrorCode::second_factor_required);
    return refused.error().step->login_token;
  }
  Result<sessions::TokenPair> log_in_totp(const std::string& token, const std::string& text) {
    return wait(features::totp::log_in(services, origin(), token, text));
  }
  Result<sessions::TokenPair> log_in_recovery(const std::string& token, const std::string& text) {
    return wait(features::recovery_codes::log_in(services, origin(), token, Secret(text)));
  }
  Result<> sudo(features::sudo::Means means) {
    const features::sudo::Own whose{.subject = mine.subject, .session = mine.session};
    return wait(features::sudo::prove(services, origin(), whose, std::move(means)));
  }

  std::int64_t failed_factors() {
    return database.run_now(store::factor_attempts::find_failures, mine.user)->failed_factors;
  }
  std::int64_t sessions_open() { return database.run_now(count_sessions).value(); }
  std::int64_t codes_left() {
    return database.run_now(store::recovery_codes::count_codes, mine.user).value_or(0);
  }
  std::int64_t mails(const std::string& message) { return database.run_now(count_mails_of, message).value(); }

  Secret secret;             ///< of the app
  features::totp::Own mine;  ///< the owner of the app
};

}  // namespace latchkey::flow
