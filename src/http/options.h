#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "http/client_address.h"
#include "http/rate_limit.h"
#include "http/respond.h"

namespace latchkey::http {

/// How much one client may ask for. What goes past is refused as the comment says, and the connection ends.
struct Limits {
  std::size_t request_line = 8 * 1024;  ///< 414
  std::size_t head = 16 * 1024;         ///< request line and headers, 431
  std::size_t headers = 100;            ///< lines, 431
  std::size_t unwanted_body =
      16 * 1024;  ///< of a refused request: read and dropped, so that the connection can go on
  std::size_t batch = 64 * 1024;          ///< bytes of pipelined answers that wait for one send
  std::size_t connections = 50'000;       ///< of one listener; further ones wait in the kernel's queue
  std::size_t reserved_descriptors = 32;  ///< of the process: never given to clients
  std::size_t descriptors = 256;          ///< that the process may open; under a lower limit less is reserved
  std::size_t least_body_rate = 0;  ///< bytes a second that a body has to bring once `body_grace` has passed
};

/// Checked by one timer per listener, a fraction of a second late at most.
struct Timeouts {
  std::chrono::milliseconds head =
      std::chrono::seconds(10);  ///< from a request's first byte, or the accept, to the end of its head
  std::chrono::milliseconds body =
      std::chrono::seconds(30);  ///< from the end of the head to the end of the body
  std::chrono::milliseconds idle = std::chrono::seconds(60);   ///< between requests
  std::chrono::milliseconds write = std::chrono::seconds(30);  ///< for the client to take a batch of answers
  std::chrono::milliseconds body_grace =
      std::chrono::seconds(10);  ///< in which a body may be as slow as it likes: packets get lost
};

struct Options {
  Limits limits;
  Timeouts timeouts;
  std::vector<std::string> cors_origins;  ///< as Cors takes them; empty is off
  TrustedProxies trusted_proxies;
  Denials denials;
  RefusalPace refusal_pace;
};

}  // namespace latchkey::http
