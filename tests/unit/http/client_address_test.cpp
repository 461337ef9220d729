#include "http/client_address.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace latchkey::http {
namespace {

TrustedProxies trust(std::vector<std::string> networks) { return TrustedProxies(networks); }

std::string client(std::string_view peer, std::vector<HeaderView> headers, const TrustedProxies& trusted) {
  return client_address(peer, headers, trusted);
}

TEST(HttpClientAddress, RL01NobodyIsTrustedByDefault) {
  std::vector<HeaderView> forged{{"X-Forwarded-For", "1.2.3.4"},
                                 {"X-Real-IP", "1.2.3.4"},
                                 {"Forwarded", "for=1.2.3.4"},
                                 {"CF-Connecting-IP", "1.2.3.4"}};
  EXPECT_EQ(client("192.0.2.1", forged, {}), "192.0.2.1");
  EXPECT_EQ(client("192.0.2.1", forged, trust({"10.0.0.0/8"})), "192.0.2.1");
}

TEST(HttpClientAddress, RL02TakesTheRightMostUntrustedHop) {
  TrustedProxies trusted = trust({"10.0.0.0/8", "fd00::/8", "::1"});
  auto behind = [&](std::string_view forwarded) {
    return client("10.0.0.1", {{"x-forwarded-for", forwarded}}, trusted);
  };
  EXPECT_EQ(behind("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(behind("1.1.1.1, 192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(behind("1.1.1.1, 192.0.2.7, 10.9.9.9,10.8.8.8"), "192.0.2.7");
  EXPECT_EQ(behind("192.0.2.7:4711"), "192.0.2.7");
  EXPECT_EQ(behind("[2001:DB8:0::1]:443"), "2001:db8::1");
  EXPECT_EQ(behind("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(behind("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(behind("1.1.1.1, junk"), "10.0.0.1");
  EXPECT_EQ(behind("1.1.1.1, unknown, 10.0.0.9"), "10.0.0.9");
  EXPECT_EQ(behind("1.1.1.1,"), "10.0.0.1");
  EXPECT_EQ(behind(""), "10.0.0.1");
  EXPECT_EQ(behind("fe80::1%eth0"), "10.0.0.1");
  EXPECT_EQ(behind("10.0.0.2, 10.0.0.3"), "10.0.0.2");
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "1.1.1.1"}, {"X-Forwarded-For", "192.0.2.7, 10.0.0.4"}},
                   trusted),
            "192.0.2.7");
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "192.0.2.7"}, {"X-Forwarded-For", "10.0.0.4"}}, trusted),
            "192.0.2.7");
  EXPECT_EQ(client("10.0.0.1", {{"X-Real-IP", "1.2.3.4"}}, trusted), "10.0.0.1");
}

TEST(HttpClientAddress, RL02ReadsEveryFormOfAHopOrNone) {
  TrustedProxies trusted = trust({"10.0.0.0/8", "2001:db8:ff::/48"});
  auto behind = [&](std::string_view forwarded) {
    return client("10.0.0.1", {{"X-Forwarded-For", forwarded}}, trusted);
  };
  for (const char* mapped :
       {"::ffff:192.0.2.7", "::FFFF:C000:0207", "[::ffff:192.0.2.7]", "[::ffff:192.0.2.7]:80"})
    EXPECT_EQ(behind(mapped), "192.0.2.7") << mapped;
  for (const char* form :
       {"2001:db8::1", "2001:DB8::1", "2001:0db8:0:0:0:0:0:1", "[2001:db8::1]", "[2001:db8::1]:80"})
    EXPECT_EQ(behind(form), "2001:db8::1") << form;
  EXPECT_EQ(behind("192.0.2.7, ::ffff:10.1.2.3"), "192.0.2.7") << "a trusted proxy in its mapped form";
  EXPECT_EQ(behind("192.0.2.7, [2001:db8:ff::1]:9000, 10.0.0.2:80"), "192.0.2.7");
  EXPECT_EQ(behind("  192.0.2.7\t,\t10.0.0.2 "), "192.0.2.7");
  for (const char* junk :
       {"1.2.3.4, 192.0.2", "1.2.3.4, 192.0.2.256", "1.2.3.4, 0300.0.2.7", "1.2.3.4, 3221225991",
        "1.2.3.4, [2001:db8::1", "1.2.3.4, [2001:db8::1]80", "1.2.3.4, []", "1.2.3.4, [192.0.2.7",
        "1.2.3.4, \"192.0.2.7\"", "1.2.3.4, _hidden", "1.2.3.4, for=192.0.2.7", "1.2.3.4, localhost",
        "1.2.3.4, 2001:db8::1::2", "1.2.3.4,, ", "1.2.3.4,;"})
    EXPECT_EQ(behind(junk), "10.0.0.1") << junk;
}

TEST(HttpClientAddress, RL02SeveralLinesAreOneListWhateverStandsBetween) {
  TrustedProxies trusted = trust({"10.0.0.0/8"});
  EXPECT_EQ(client("10.0.0.1",
                   {{"X-Forwarded-For", "1.2.3.4"},
                    {"X-Real-IP", "5.6.7.8"},
                    {"x-forwarded-FOR", "192.0.2.7"},
                    {"Forwarded", "for=9.9.9.9"},
                    {"X-FORWARDED-FOR", "10.0.0.3, 10.0.0.2"}},
                   trusted),
            "192.0.2.7");
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-For", "junk"}}, trusted),
            "10.0.0.1")
      << "junk in the last line ends the walk";
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-For", ""}}, trusted),
            "10.0.0.1");
  EXPECT_EQ(client("::ffff:10.0.0.1", {{"X-Forwarded-For", "192.0.2.7"}}, trusted), "192.0.2.7")
      << "the proxy itself in its mapped form";
}

TEST(HttpClientAddress, KnowsNetworks) {
  TrustedProxies trusted = trust({"192.0.2.128/25", "2001:db8:8000::/33", "127.0.0.1"});
  for (const char* in : {"192.0.2.128", "192.0.2.255", "2001:db8:8000::1", "2001:db8:ffff::", "127.0.0.1",
                         "::ffff:192.0.2.200"})
    EXPECT_TRUE(trusted.contains(in)) << in;
  for (const char* out : {"192.0.2.127", "192.0.3.128", "2001:db8:7fff::", "127.0.0.2", "::1", "", "junk"})
    EXPECT_FALSE(trusted.contains(out)) << out;
}

TEST(HttpClientAddress, RefusesNetworksThatAreNone) {
  for (const char* entry : {"", "proxy.example.org", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1",
                            "10.0.0.1/8", "0.0.0.0/0", "::/0", "::/129", "10.0.0.0/8/8", "fe80::1%eth0"})
    EXPECT_THROW(trust({entry}), std::invalid_argument) << entry;
  EXPECT_EQ(canonical_address("::FFFF:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(canonical_address("nothing"), "");
}

}  // namespace
}  // namespace latchkey::http
