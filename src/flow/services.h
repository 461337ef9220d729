#pragma once

#include <functional>
#include <string>

#include "crypto/hashing_pool.h"
#include "db/database.h"
#include "flow/keys.h"
#include "flow/strangers.h"
#include "settings/settings.h"

namespace latchkey::flow {

/// The long-lived objects that flows work with. app/wire.cpp owns them; they outlive every flow. Any thread
/// may use them.
struct Services {
  db::Database& database;
  crypto::HashingPool& hashing;
  Keys& keys;
  Strangers& strangers;
  const Settings& settings;
  /// Without a trailing slash; what links, `iss` and `aud` are made from.
  std::string public_url;
  /// Tells the mail worker that the outbox has something new. Never blocks.
  std::function<void()> wake_mail;
};

}  // namespace latchkey::flow
