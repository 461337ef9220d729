#include "base/domain_name.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <new>

#include "base/unicode.h"

namespace latchkey {
namespace {

constexpr std::size_t max_label = 63;
/// Near here libidn2 has limits of its own.
constexpr std::size_t max_plain_name = 240;

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_in_label(char c) { return begins_name(c) || (c >= '0' && c <= '9') || c == '-'; }

/// Letters, digits and inner hyphens in labels of 1 to 63 (RFC 1123 §2.1); the last label begins with a
/// letter, which no spelling of an IPv4 address does.
bool is_host_name(std::string_view domain) {
  std::size_t start = 0;
  for (;;) {
    const std::size_t dot = std::min(domain.find('.', start), domain.size());
    const std::string_view label = domain.substr(start, dot - start);
    if (label.empty() || label.size() > max_label || label.front() == '-' || label.back() == '-')
      return false;
    if (!std::ranges::all_of(label, is_in_label)) return false;
    if (dot == domain.size()) return begins_name(label.front());
    start = dot + 1;
  }
}

/// A host name that IDNA leaves as it is but for capitals: ASCII, and no label with hyphens in its third and
/// fourth place, which is what A-labels (`xn--`) and reserved labels have (RFC 5890 §2.3.1). libidn2 takes
/// some ten microseconds to come to the same result.
bool is_plain_host_name(std::string_view domain) {
  if (domain.size() > max_plain_name || !is_host_name(domain)) return false;
  for (std::size_t start = 0; start < domain.size();
       start = std::min(domain.find('.', start), domain.size()) + 1) {
    const std::string_view label = domain.substr(start);
    if (label.size() >= 4 && label[2] == '-' && label[3] == '-') return false;
  }
  return true;
}

std::optional<std::string> look_up(const std::string& domain, int flags) {
  struct Free {
    void operator()(std::uint8_t* memory) const { idn2_free(memory); }
  };
  std::uint8_t* raw = nullptr;
  const int outcome = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(domain.c_str()), &raw, flags);
  const std::unique_ptr<std::uint8_t, Free> owner(raw);
  if (outcome == IDN2_MALLOC) throw std::bad_alloc();
  if (outcome != IDN2_OK) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(raw));
}

}  // namespace

std::optional<std::string> to_a_labels(std::string_view domain) {
  if (is_plain_host_name(domain)) return to_lower_ascii(domain);
  // Refused here, before anything maps or drops a character: what is ASCII must already be part of a host
  // name. (A NUL would also end libidn2's C string early.)
  const auto plausible = [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 || is_in_label(c) || c == '.';
  };
  if (!std::ranges::all_of(domain, plausible) || !is_valid_utf8(domain)) return std::nullopt;

  const std::string input(domain);
  constexpr int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
  std::optional<std::string> labels = look_up(input, flags);
  if (!labels || !is_host_name(*labels)) return std::nullopt;
  // With the STD3 rules libidn2 does not refuse what they exclude, it drops it: a difference is a refusal.
  if (labels != look_up(input, flags | IDN2_USE_STD3_ASCII_RULES)) return std::nullopt;
  return to_lower_ascii(*labels);
}

}  // namespace latchkey
