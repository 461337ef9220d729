#include "base/email_address.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "base/domain_name.h"
#include "base/unicode.h"

namespace latchkey {
namespace {

constexpr std::size_t max_input = 1024;
constexpr std::size_t max_local = 64;
constexpr std::size_t max_domain = 255;
constexpr std::size_t max_address = 254;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

/// atext of RFC 5322 §3.2.3, which RFC 5321 §4.1.2 refers to.
bool is_atext(char c) {
  return is_letter(c) || is_digit(c) ||
         std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

bool is_dot_atom(std::string_view text) {
  char before = '.';
  for (const char c : text) {
    if (c == '.' ? before == '.' : !is_atext(c)) return false;
    before = c;
  }
  return before != '.';
}

EmailProblem refuse(const char* reason) { return {reason}; }

}  // namespace

boost::system::result<EmailAddress, EmailProblem> parse_email_address(
    std::string_view input, std::span<const std::string> domains_without_dot) {
  if (input.size() > max_input) return refuse("The e-mail address is too long");
  input = trim(input);
  if (input.empty()) return refuse("The e-mail address is empty");

  const std::size_t at = input.find('@');
  if (at == std::string_view::npos) return refuse("The e-mail address has no @");
  const std::string_view local = input.substr(0, at);
  const std::string_view written_domain = input.substr(at + 1);
  if (written_domain.find('@') != std::string_view::npos)
    return refuse("The e-mail address has more than one @");

  if (local.empty()) return refuse("There is nothing before the @ of the e-mail address");
  if (local.size() > max_local) return refuse("The part before the @ is longer than 64 characters");
  if (!std::ranges::all_of(local, is_ascii)) return refuse("The part before the @ must be ASCII");
  if (!is_dot_atom(local))
    return refuse("The part before the @ has a character or a dot that is not allowed there");

  if (written_domain.empty()) return refuse("There is nothing after the @ of the e-mail address");
  if (written_domain.starts_with('[')) return refuse("An address literal is not accepted as a domain");
  std::optional<std::string> domain = to_a_labels(written_domain);
  if (!domain) return refuse("The part after the @ is not a valid domain name");
  if (domain->find('.') == std::string::npos &&
      std::ranges::find(domains_without_dot, *domain) == domains_without_dot.end()) {
    return refuse("The part after the @ must be a domain with a dot");
  }
  if (domain->size() > max_domain || local.size() + 1 + domain->size() > max_address) {
    return refuse("The e-mail address is longer than 254 characters");
  }

  EmailAddress parsed;
  parsed.address = std::string(local) + '@' + *domain;
  parsed.key.value = to_lower_ascii(local) + '@' + *domain;
  return parsed;
}

void throw_exception_from_error(const EmailProblem& problem, const boost::source_location& where) {
  throw std::logic_error("the value of a refused address was taken: " + std::string(problem.reason) + " at " +
                         where.file_name() + ":" + std::to_string(where.line()));
}

}  // namespace latchkey
