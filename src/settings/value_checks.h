// The checks that rows of the table name; each brings a value into the form that is kept. See knobs.h for
// Check.
#pragma once

#include <string_view>

#include "settings/knobs.h"

namespace latchkey::settings {

std::optional<Complaint> check_public_url(std::string& value);
std::optional<Complaint> check_smtp_url(std::string& value);
std::optional<Complaint> check_database_url(std::string& value);
std::optional<Complaint> check_master_secret(std::string& value);
std::optional<Complaint> check_identifier(std::string& value);
std::optional<Complaint> check_single_line(std::string& value);
std::optional<Complaint> check_password(std::string& value);
std::optional<Complaint> check_label(std::string& value);
/// `scheme://host[:port]`, or `*`.
std::optional<Complaint> check_origin(std::string& value);
/// Of WebAuthn's relying party.
std::optional<Complaint> check_passkey_domain(std::string& value);
/// `https://host[:port]`, or what Android calls an app.
std::optional<Complaint> check_passkey_origin(std::string& value);
std::optional<Complaint> check_proxy(std::string& value);

/// `Name <address>`, `"A name, in quotes" <address>` or an address. The domain may be without a dot: which of
/// those are welcome, another setting says (checks.cpp).
std::optional<Mailbox> parse_mailbox(std::string_view text);
/// The form that `parse_mailbox` reads, with quotes around a name that needs them.
std::string to_string(const Mailbox& mailbox);

}  // namespace latchkey::settings
