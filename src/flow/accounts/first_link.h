#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace latchkey::flow::accounts {

/// The one-time link with which a newcomer makes the first administrator in a browser. It belongs to this
/// process: nothing of it is stored, and the next start makes another. It opens nothing until `open` is
/// called. Whether there is an administrator is asked where the link is used.
class FirstLink {
 public:
  /// Makes the token: 256 random bits as base64url. Call it once, before a thread serves, and only to show
  /// the link to the person who started the server.
  std::string open();

  /// In constant time. Any thread may call this, and `close`.
  bool opens(std::string_view token) const;

  /// For ever: it was used, or there is an administrator.
  void close() { is_open_.store(false, std::memory_order_relaxed); }

 private:
  Secret token_;
  std::atomic<bool> is_open_{false};
};

}  // namespace latchkey::flow::accounts
