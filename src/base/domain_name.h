#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace latchkey {

/// The form in which a domain travels: IDNA2008's A-labels in lower case, so that `Bücher.example` is
/// `xn--bcher-kva.example`. Nothing for what is no host name: labels of 1 to 63 letters, digits and inner
/// hyphens (RFC 1123 §2.1), the last of which begins with a letter, as no spelling of an IPv4 address does.
/// The domain may be without a dot, and longer than a name can be.
std::optional<std::string> to_a_labels(std::string_view domain);

}  // namespace latchkey
