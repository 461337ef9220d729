#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace latchkey {

/// Everything that Latchkey refuses, once. `describe` gives what a client sees of each; the names are stable.
enum class ErrorCode : std::uint8_t {
  // What the contract's routes refuse.
  account_exists,
  username_taken,
  sign_up_closed,
  invitation_required,
  validation_failed,
  invalid_credentials,
  email_not_confirmed,
  account_blocked,
  too_many_attempts,
  too_many_requests,
  overloaded,
  // What a sign-in still needs: they come with a `MissingStep`.
  second_factor_required,
  password_required,
  factor_enrolment_required,
  new_password_required,
  account_deletion_scheduled,
  // What the proofs of a sign-in, and what changes an account, refuse.
  invalid_login_token,
  invalid_code,
  invalid_passkey,
  recent_sign_in_required,
  last_way_in,
  address_changed_lately,
  factor_exists,
  too_many_passkeys,
  passkey_not_found,
  passkeys_unavailable,
  factor_not_found,
  factor_removal_waiting,
  invalid_token,
  invalid_confirmation,
  invalid_link,
  forbidden,
  user_not_found,
  session_not_found,
  last_administrator,
  key_not_found,
  mail_not_found,
  // What the gate and the decoders refuse.
  bad_request,
  malformed_json,
  malformed_form,
  repeated_parameter,
  not_found,
  method_not_allowed,
  unsupported_media_type,
  unsupported_content_encoding,
  cross_site_form,
  stale_form,
  https_required,
  request_timeout,
  body_too_large,
  uri_too_long,
  head_too_large,
  not_implemented,
  // Faults.
  unavailable,
  internal,
};

struct ErrorInfo {
  std::string_view code;  ///< stable, snake_case
  int status;             ///< HTTP status
  std::string_view detail;
};

const ErrorInfo& describe(ErrorCode code);

/// One wrong member of a request, in the shape that clients of the Python service know.
struct FieldError {
  std::vector<std::string> loc;  ///< such as {"body", "email"}
  std::string msg;
  std::string type;  ///< such as "missing", "string_too_short"
};

/// What somebody who signs in has to prove next.
struct MissingStep {
  std::string login_token;                    ///< stands for what is proved so far; a secret of the client
  std::vector<std::string_view> methods;      ///< any of which will do; constants
  Seconds expires_in{0};                      ///< of the token
  std::vector<std::string> recovery_codes{};  ///< made by the step before; nobody sees them again
};

/// A denial: an answer, not a fault. It has room only for what a client may see, so that private detail can
/// not reach a renderer; why something was refused goes to the audit and the log where it is decided.
struct Error {
  ErrorCode code;
  std::string detail;                         ///< replaces the catalogue's sentence when not empty
  std::vector<FieldError> fields;             ///< for validation_failed
  Seconds retry_after{0};                     ///< sent as Retry-After when positive
  std::shared_ptr<const MissingStep> step{};  ///< with the codes of a step that a sign-in still needs

  Error() : Error(ErrorCode::internal) {}  ///< only because boost::system::result asks for one
  Error(ErrorCode c)
      : code(c) {}  // NOLINT(google-explicit-constructor): `return ErrorCode::forbidden;` reads well
  Error(ErrorCode c, std::string public_detail) : code(c), detail(std::move(public_detail)) {}
  Error(ErrorCode c, Seconds retry) : code(c), retry_after(retry) {}
};

/// A value or a denial. Faults (a lost database, a bug) are exceptions.
template <class T = void>
using Result = boost::system::result<T, Error>;

/// Reached only when a caller takes the value of a denial: a bug.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

/// The store can not answer now: it is full, gone, or failing. Answered with 503; the text is for the log
/// only.
class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the store holds, or what it was asked, is wrong: trying again will not help. Answered with 500.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A row of the store holds what no program of ours writes: an unknown word, text that is not UTF-8, a time
/// before 1970. An error of the account that the row is about, and of no other.
class UnreadableRow : public Fault {
 public:
  UnreadableRow(const std::string& why, std::optional<std::int64_t> user) : Fault(why), user_(user) {}
  /// The id of that account, where the row tells it.
  std::optional<std::int64_t> user() const { return user_; }

 private:
  std::optional<std::int64_t> user_;
};

}  // namespace latchkey
