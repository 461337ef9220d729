#pragma once

#include <string>

#include "base/time.h"

namespace latchkey::flow {

/// Where a use case comes from and when it began. `now` is fixed once, so that every rule of one use case
/// sees one moment.
struct Origin {
  Timestamp now;
  std::string address;     ///< the client's IP address; empty for the command line
  std::string user_agent;  ///< printable, at most 256 bytes
  std::string request_id;
  std::string
      actor;  ///< the subject of the signed-in caller; "operator" for the command line; empty for a stranger
};

}  // namespace latchkey::flow
