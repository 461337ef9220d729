#include "base/domain_name.h"

#include <gtest/gtest.h>
#include <idn2.h>

#include <random>

#include "base/unicode.h"

namespace latchkey {
namespace {

/// What libidn2 makes of a domain, with the rules of STD3 and without.
std::optional<std::string> ask_libidn2(const std::string& domain, int more_flags) {
  std::uint8_t* raw = nullptr;
  const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | more_flags;
  const int outcome = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(domain.c_str()), &raw, flags);
  std::optional<std::string> labels;
  if (outcome == IDN2_OK) labels = reinterpret_cast<const char*>(raw);
  idn2_free(raw);
  return labels;
}

/// RFC 1123 §2.1, with a letter at the beginning of the last label.
bool is_host_name(const std::string& domain) {
  std::string label;
  for (const char c : domain + '.') {
    if (c != '.') {
      label += c;
      continue;
    }
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (label.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") !=
        label.npos)
      return false;
    label.clear();
  }
  const char first = domain[domain.rfind('.') + 1];  // npos + 1 is 0
  return (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
}

std::optional<std::string> by_libidn2(const std::string& domain) {
  const auto labels = ask_libidn2(domain, 0);
  if (!labels || !is_host_name(*labels) || labels != ask_libidn2(domain, IDN2_USE_STD3_ASCII_RULES))
    return std::nullopt;
  return to_lower_ascii(*labels);
}

TEST(DomainName, F59_ascii_comes_out_as_libidn2_would_have_it) {
  std::mt19937 random(59);
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  // Few letters, so that hyphens, dots and the beginnings of A-labels meet in every way.
  const std::string letters = "abxnXN09--..z";
  int valid = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string domain;
    const std::size_t size = 1 + below(i % 100 == 0 ? 300 : 14);
    while (domain.size() < size) domain += letters[below(letters.size() - (size > 60 ? below(3) * 2 : 0))];
    const auto expected = by_libidn2(domain);
    EXPECT_EQ(to_a_labels(domain), expected) << domain;
    valid += expected.has_value() ? 1 : 0;
  }
  EXPECT_GT(valid, 1000);
}

TEST(DomainName, F59_limits_of_sizes_are_those_of_libidn2) {
  for (const std::size_t label : {1U, 2U, 30U, 62U, 63U, 64U}) {
    for (std::size_t size = 200; size < 300; ++size) {
      std::string domain;
      while (domain.size() < size) domain += std::string(label, 'a') + '.';
      domain.resize(size);
      domain.back() = 'a';
      EXPECT_EQ(to_a_labels(domain), by_libidn2(domain)) << label << ' ' << size;
    }
  }
}

TEST(DomainName, F59_hyphens_in_the_third_and_fourth_place_are_looked_at) {
  for (const std::string domain :
       {"xn--bcher-kva.example", "XN--BCHER-KVA.example", "xn--a.example", "ab--cd.example",
        "example.xn--p1ai", "a.xn--zz--", "www.ab--cd.example", "a-b-c.example", "ab-c.de"}) {
    EXPECT_EQ(to_a_labels(domain), by_libidn2(domain)) << domain;
  }
  EXPECT_EQ(to_a_labels("B\xc3\xbc"
                        "cher.example"),
            "xn--bcher-kva.example");
}

}  // namespace
}  // namespace latchkey
