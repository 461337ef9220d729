#include "base/ip_address.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace latchkey {
namespace {

std::string shown(std::string_view text) {
  const auto address = parse_ip_address(text);
  return address ? address->to_string() : "none";
}

std::string shown_network(std::string_view text) {
  const auto network = IpNetwork::parse(text);
  return network ? network->to_string() : "none";
}

TEST(IpAddress, HasOneText) {
  EXPECT_EQ(shown("10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(shown("0:0::1"), "::1");
  EXPECT_EQ(shown("2001:DB8::1"), "2001:db8::1");
  EXPECT_EQ(shown("::FFFF:10.0.0.1"), "10.0.0.1");
  for (const std::string_view text : {"", "nothing", "127.1", "256.0.0.1", "010.0.0.1", "0x7f.0.0.1",
                                      "1.2.3.4 ", "[::1]", "fe80::1%eth0", "fe80::1%1", "::g", "1.2.3.4:80"})
    EXPECT_EQ(shown(text), "none") << text;
  EXPECT_EQ(shown(std::string_view("127.0.0.1\0", 10)), "none");
  EXPECT_EQ(shown(std::string_view("127.0.0.1\0.evil", 15)), "none");
}

TEST(IpAddress, KnowsThisMachine) {
  for (const std::string_view host : {"localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const std::string_view host : {"", "0.0.0.0", "10.0.0.1", "::", "::2", "1::1", "localhost.example.com",
                                      "127.0.0.1.example.com", "::ffff:10.0.0.1", "::7f00:1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
  EXPECT_TRUE(is_unspecified("0.0.0.0"));
  EXPECT_TRUE(is_unspecified("::"));
  EXPECT_FALSE(is_unspecified("127.0.0.1"));
}

TEST(IpNetwork, IsWrittenInOneWay) {
  EXPECT_EQ(shown_network("10.1.2.3"), "10.1.2.3/32");
  EXPECT_EQ(shown_network("10.1.2.3/8"), "10.0.0.0/8");
  EXPECT_EQ(shown_network("192.168.130.1/17"), "192.168.128.0/17");
  EXPECT_EQ(shown_network("2001:DB8::1/33"), "2001:db8::/33");
  EXPECT_EQ(shown_network("::1"), "::1/128");
  EXPECT_EQ(shown_network("10.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(shown_network("::ffff:10.1.2.3"), "10.1.2.3/32");
  EXPECT_EQ(shown_network("::ffff:10.1.2.3/104"), "10.0.0.0/8");
  for (const std::string_view text :
       {"", "everyone", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+1", "10.0.0.0/", "10.0.0/8", "::1/129", "/8",
        "10.0.0.0/8/8", "fe80::1%eth0/64", "::ffff:10.0.0.0/95"}) {
    EXPECT_EQ(shown_network(text), "none") << text;
  }
}

TEST(IpNetwork, ContainsByItsPrefixAlone) {
  struct Case {
    std::string_view network, inside, outside;
  };
  for (const auto& [network, inside, outside] :
       std::initializer_list<Case>{{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
                                   {"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
                                   {"192.0.2.7", "192.0.2.7", "192.0.2.6"},
                                   {"10.0.0.0/8", "::ffff:10.0.0.1", "::a00:1"},
                                   {"2001:db8:8000::/33", "2001:db8:ffff::", "2001:db8:7fff::"},
                                   {"::/1", "7fff::", "8000::"},
                                   {"::/1", "::1", "10.0.0.1"},
                                   {"0.0.0.0/0", "255.255.255.255", "::1"}}) {
    EXPECT_TRUE(IpNetwork::parse(network)->contains(*parse_ip_address(inside))) << network << ' ' << inside;
    EXPECT_FALSE(IpNetwork::parse(network)->contains(*parse_ip_address(outside)))
        << network << ' ' << outside;
  }
  EXPECT_TRUE(IpNetwork::parse("10.0.0.0/8")->has_only_prefix());
  EXPECT_FALSE(IpNetwork::parse("10.0.0.1/8")->has_only_prefix());
  EXPECT_TRUE(IpNetwork::parse("::/0")->is_everything());
  EXPECT_FALSE(IpNetwork::parse("::/1")->is_everything());
}

}  // namespace
}  // namespace latchkey
