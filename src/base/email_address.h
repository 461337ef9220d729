#pragma once

#include <boost/system/result.hpp>
#include <compare>
#include <span>
#include <string>
#include <string_view>

namespace latchkey {

/// What makes two addresses the same account: local part folded in ASCII, domain as lower-case A-labels.
/// Nothing is guessed about providers: `a+b@x.org` and `a@x.org` differ.
struct EmailKey {
  std::string value;
  auto operator<=>(const EmailKey&) const = default;
};

/// An address that can be handed to an SMTP server as it is.
struct EmailAddress {
  std::string
      address;  ///< local part as given, domain as A-labels in lower case; stored, shown and mailed to
  EmailKey key;
};

/// Why a text is no address: a sentence for the 422, which quotes nothing of the input.
struct EmailProblem {
  std::string_view reason;
};

/// Reads an address, leniently about white space around it and about the spelling of an international domain,
/// strictly about everything else: an ASCII dot-atom (RFC 5321 §4.1.2, no quoted strings) before the one `@`;
/// behind it a domain that IDNA2008 accepts, with a dot unless it is in `domains_without_dot` (lower case);
/// no address literal, no domain that reads as an IPv4 address; sizes of RFC 5321 §4.5.3.1 (64, 255, and 254
/// for both together). The result holds no byte outside printable ASCII, no space, comma, angle bracket or
/// quote, so that it can not end an SMTP command or name a second recipient. Costs nothing that grows with
/// more than the first kilobyte of `input`.
boost::system::result<EmailAddress, EmailProblem> parse_email_address(
    std::string_view input, std::span<const std::string> domains_without_dot = {});

/// Reached only when a caller takes the value of a refusal: a bug.
[[noreturn]] void throw_exception_from_error(const EmailProblem& problem,
                                             const boost::source_location& where);

}  // namespace latchkey
