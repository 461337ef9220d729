#include "base/error.h"

#include <stdexcept>

namespace latchkey {

const ErrorInfo& describe(ErrorCode code) {
  using enum ErrorCode;
  // Aligned by hand: this is the catalogue that clients and docs rely on.
  // clang-format off
  switch (code) {
    case account_exists:       { static constexpr ErrorInfo i{"account_exists",       409, "Account already exists"}; return i; }
    case username_taken:       { static constexpr ErrorInfo i{"username_taken",       409, "Username already taken"}; return i; }
    case sign_up_closed:       { static constexpr ErrorInfo i{"sign_up_closed",       403, "Sign-up is closed"}; return i; }
    case invitation_required:  { static constexpr ErrorInfo i{"invitation_required",  403, "Sign-up needs an invitation for this address"}; return i; }
    case validation_failed:    { static constexpr ErrorInfo i{"validation_failed",    422, "Validation failed"}; return i; }
    case invalid_credentials:  { static constexpr ErrorInfo i{"invalid_credentials",  401, "Invalid email or password"}; return i; }
    case email_not_confirmed:  { static constexpr ErrorInfo i{"email_not_confirmed",  401, "Email not confirmed"}; return i; }
    case account_blocked:      { static constexpr ErrorInfo i{"account_blocked",      403, "User is blocked"}; return i; }
    case too_many_attempts:    { static constexpr ErrorInfo i{"too_many_attempts",    429, "Too many attempts, try again later"}; return i; }
    case too_many_requests:    { static constexpr ErrorInfo i{"too_many_requests",    429, "Too many requests, try again later"}; return i; }
    case overloaded:           { static constexpr ErrorInfo i{"overloaded",           503, "The server is busy, try again"}; return i; }
    case second_factor_required:     { static constexpr ErrorInfo i{"second_factor_required",     401, "A second factor is required"}; return i; }
    case password_required:          { static constexpr ErrorInfo i{"password_required",          401, "The password is required as well"}; return i; }
    case factor_enrolment_required:  { static constexpr ErrorInfo i{"factor_enrolment_required",  401, "This account needs a second factor before it can sign in"}; return i; }
    case new_password_required:      { static constexpr ErrorInfo i{"new_password_required",      401, "A new password is required"}; return i; }
    case account_deletion_scheduled: { static constexpr ErrorInfo i{"account_deletion_scheduled", 401, "The account will be deleted unless its owner keeps it"}; return i; }
    case invalid_login_token:        { static constexpr ErrorInfo i{"invalid_login_token",        401, "This sign-in has expired or was used, sign in again"}; return i; }
    case invalid_code:               { static constexpr ErrorInfo i{"invalid_code",               401, "This code does not work"}; return i; }
    case invalid_passkey:            { static constexpr ErrorInfo i{"invalid_passkey",            401, "This passkey does not work here"}; return i; }
    case recent_sign_in_required:    { static constexpr ErrorInfo i{"recent_sign_in_required",    401, "Confirm that it is you, then try again"}; return i; }
    case last_way_in:                { static constexpr ErrorInfo i{"last_way_in",                409, "This is the only way to sign in to the account"}; return i; }
    case address_changed_lately:     { static constexpr ErrorInfo i{"address_changed_lately",     409, "The address was changed within the last seven days"}; return i; }
    case factor_exists:              { static constexpr ErrorInfo i{"factor_exists",              409, "The account has this factor already"}; return i; }
    case too_many_passkeys:          { static constexpr ErrorInfo i{"too_many_passkeys",          409, "The account has as many passkeys as it may have"}; return i; }
    case passkey_not_found:          { static constexpr ErrorInfo i{"passkey_not_found",          404, "Passkey not found"}; return i; }
    case passkeys_unavailable:       { static constexpr ErrorInfo i{"passkeys_unavailable",       409, "Passkeys need a server with a name, and this one is called by an IP address"}; return i; }
    case factor_not_found:           { static constexpr ErrorInfo i{"factor_not_found",           404, "The account has no such factor"}; return i; }
    case factor_removal_waiting:     { static constexpr ErrorInfo i{"factor_removal_waiting",     409, "Another removal of second factors is waiting for this account"}; return i; }
    case invalid_token:        { static constexpr ErrorInfo i{"invalid_token",        401, "Could not validate credentials"}; return i; }
    case invalid_confirmation: { static constexpr ErrorInfo i{"invalid_confirmation", 400, "Verification error"}; return i; }
    case invalid_link:         { static constexpr ErrorInfo i{"invalid_link",         400, "This link or code does not work"}; return i; }
    case forbidden:            { static constexpr ErrorInfo i{"forbidden",            403, "Operation forbidden"}; return i; }
    case user_not_found:       { static constexpr ErrorInfo i{"user_not_found",       404, "User not found"}; return i; }
    case session_not_found:    { static constexpr ErrorInfo i{"session_not_found",    404, "Session not found"}; return i; }
    case last_administrator:   { static constexpr ErrorInfo i{"last_administrator",   409, "This would leave no active administrator"}; return i; }
    case key_not_found:        { static constexpr ErrorInfo i{"key_not_found",        404, "Signing key not found"}; return i; }
    case mail_not_found:       { static constexpr ErrorInfo i{"mail_not_found",       404, "Mail not found"}; return i; }
    case bad_request:          { static constexpr ErrorInfo i{"bad_request",          400, "The request is malformed"}; return i; }
    case malformed_json:       { static constexpr ErrorInfo i{"malformed_json",       400, "The body is not valid JSON"}; return i; }
    case malformed_form:       { static constexpr ErrorInfo i{"malformed_form",       400, "The form is malformed"}; return i; }
    case repeated_parameter:   { static constexpr ErrorInfo i{"repeated_parameter",   400, "A parameter is given more than once"}; return i; }
    case not_found:            { static constexpr ErrorInfo i{"not_found",            404, "Not Found"}; return i; }
    case method_not_allowed:   { static constexpr ErrorInfo i{"method_not_allowed",   405, "Method Not Allowed"}; return i; }
    case unsupported_media_type:       { static constexpr ErrorInfo i{"unsupported_media_type", 415, "Unsupported media type"}; return i; }
    case unsupported_content_encoding: { static constexpr ErrorInfo i{"unsupported_content_encoding", 415, "Content encodings are not supported"}; return i; }
    case cross_site_form:      { static constexpr ErrorInfo i{"cross_site_form",      403, "Another site sent this form"}; return i; }
    case stale_form:           { static constexpr ErrorInfo i{"stale_form",           403, "This form is out of date, open the page again"}; return i; }
    case https_required:       { static constexpr ErrorInfo i{"https_required",       403, "Pages for signing in need an address that begins with https"}; return i; }
    case request_timeout:      { static constexpr ErrorInfo i{"request_timeout",      408, "The request took too long to arrive"}; return i; }
    case body_too_large:       { static constexpr ErrorInfo i{"body_too_large",       413, "The body is too large"}; return i; }
    case uri_too_long:         { static constexpr ErrorInfo i{"uri_too_long",         414, "The request target is too long"}; return i; }
    case head_too_large:       { static constexpr ErrorInfo i{"head_too_large",       431, "The request head is too large"}; return i; }
    case not_implemented:      { static constexpr ErrorInfo i{"not_implemented",      501, "Not implemented"}; return i; }
    case unavailable:          { static constexpr ErrorInfo i{"unavailable",          503, "The service is temporarily unavailable"}; return i; }
    case internal:             { static constexpr ErrorInfo i{"internal",             500, "Internal server error"}; return i; }
  }
  // clang-format on
  throw std::logic_error("an error code outside the catalogue");
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error("the value of a denial was taken: " + std::string(describe(error.code).code) +
                         " at " + where.file_name() + ":" + std::to_string(where.line()));
}

}  // namespace latchkey
