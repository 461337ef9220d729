#pragma once

#include <string>

#include "base/client_network.h"
#include "base/id.h"
#include "base/time.h"

namespace latchkey::flow {

/// Where a use case comes from and when it began. `now` is fixed once, so that every rule of one use case
/// sees one moment.
struct Origin {
  Timestamp now;
  std::string address;     ///< the client's IP address; empty for the command line
  std::string user_agent;  ///< printable, at most 256 bytes
  std::string request_id;
  /// The subject of the signed-in caller, "operator" or "system"; empty for a stranger.
  std::string actor;
  /// The browser that pages ask for, which has the cookie that this was made from; zero for any other client.
  /// A sign-in from a browser stays in it: its login tokens are worth nothing elsewhere, and its session is
  /// held by a cookie.
  LinkId browser{};
};

/// By whom limits and shares count what somebody asks for.
inline ClientNetwork client_of(const Origin& origin) { return ClientNetwork::of(origin.address); }

/// Of what this program does by itself: clean-up, keys, the first start.
Origin system_origin(Timestamp now);
/// Of everything that an operator does on the command line.
Origin operator_origin(Timestamp now);

}  // namespace latchkey::flow
