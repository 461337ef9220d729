#include "base/client_network.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

TEST(ClientNetwork, AnIpv4AddressIsAClientByItself) {
  EXPECT_EQ(ClientNetwork::of("192.0.2.1"), ClientNetwork::of("192.0.2.1"));
  EXPECT_NE(ClientNetwork::of("192.0.2.1"), ClientNetwork::of("192.0.2.2"));
  EXPECT_EQ(ClientNetwork::of("192.0.2.1").site(), ClientNetwork::of("192.0.2.1"));
}

TEST(ClientNetwork, AMappedAddressIsItsIpv4Address) {
  EXPECT_EQ(ClientNetwork::of("::ffff:192.0.2.1"), ClientNetwork::of("192.0.2.1"));
}

TEST(ClientNetwork, Ipv6AddressesOfOnePrefixAreOneClient) {
  EXPECT_EQ(ClientNetwork::of("2001:db8:1:2::1"), ClientNetwork::of("2001:db8:1:2:ffff::9"));
  EXPECT_NE(ClientNetwork::of("2001:db8:1:2::1"), ClientNetwork::of("2001:db8:1:3::1"));
}

TEST(ClientNetwork, ASiteHoldsTheNetworksOfOne48BitPrefix) {
  const auto network = ClientNetwork::of("2001:db8:1:2::1");
  EXPECT_EQ(network.site(), ClientNetwork::of("2001:db8:1:3::1").site());
  EXPECT_NE(network.site(), ClientNetwork::of("2001:db8:2:2::1").site());
  // The network that begins the site is not the site.
  EXPECT_NE(ClientNetwork::of("2001:db8:1::").site(), ClientNetwork::of("2001:db8:1::"));
}

TEST(ClientNetwork, WhatIsNoAddressIsNobodysNetwork) {
  EXPECT_EQ(ClientNetwork::of(""), ClientNetwork());
  EXPECT_EQ(ClientNetwork::of("192.0.2.1:80"), ClientNetwork());
  EXPECT_NE(ClientNetwork::of("0.0.0.0"), ClientNetwork());
  EXPECT_NE(ClientNetwork::of("::"), ClientNetwork::of("0.0.0.0"));
}

}  // namespace
}  // namespace latchkey
