#include "flow/signin/next_step.h"

#include <stdexcept>

namespace latchkey::flow::signin {
namespace {

Step refuse(ErrorCode code) { return {.kind = Step::Kind::refuse, .refusal = code}; }

}  // namespace

Step next_step(const AccountState& account, Done done, const Policy& policy) {
  using Kind = Step::Kind;
  const bool has_factor = account.has_totp || account.has_passkey;
  if (done.nothing()) return {.kind = Kind::identify};
  if (!account.is_active) return refuse(ErrorCode::account_blocked);
  if (policy.confirmation_required && !account.confirmed && !done.has(Proof::mail_code))
    return refuse(ErrorCode::email_not_confirmed);
  if (!done.has(Proof::user_verified)) {
    if (has_factor && !done.has_factor()) return {.kind = Kind::second_factor};
    if (!done.has(Proof::password) && !done.has(Proof::mail_code)) return {.kind = Kind::password};
  }
  if (policy.factor_required && !has_factor) return {.kind = Kind::enrol_factor};
  if (account.must_change_password) return {.kind = Kind::new_password};
  if (account.deletion_scheduled) return {.kind = Kind::keep_account};
  return {.kind = Kind::done};
}

ErrorCode code_of(Step::Kind kind) {
  switch (kind) {
    case Step::Kind::second_factor:
      return ErrorCode::second_factor_required;
    case Step::Kind::password:
      return ErrorCode::password_required;
    case Step::Kind::enrol_factor:
      return ErrorCode::factor_enrolment_required;
    case Step::Kind::new_password:
      return ErrorCode::new_password_required;
    case Step::Kind::keep_account:
      return ErrorCode::account_deletion_scheduled;
    case Step::Kind::identify:
    case Step::Kind::refuse:
    case Step::Kind::done:
      break;
  }
  throw std::logic_error("a step that no client is asked for has no code");
}

std::vector<std::string_view> methods_of(Step::Kind kind, const AccountState& account) {
  std::vector<std::string_view> methods;
  if (kind == Step::Kind::second_factor) {
    if (account.has_totp) methods.push_back("totp");
    if (account.has_passkey) methods.push_back("passkey");
    if (account.has_recovery_codes) methods.push_back("recovery_code");
  } else if (kind == Step::Kind::password) {
    if (account.has_password) methods.push_back("password");
    methods.push_back("code");
  } else if (kind == Step::Kind::enrol_factor) {
    methods = {"totp", "passkey"};
  } else if (kind == Step::Kind::new_password) {
    methods.push_back("new_password");
  } else if (kind == Step::Kind::keep_account) {
    methods.push_back("keep_account");
  }
  return methods;
}

}  // namespace latchkey::flow::signin
