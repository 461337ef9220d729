#pragma once

#include <functional>
#include <string>

#include "base/token_buckets.h"
#include "crypto/breached/index.h"
#include "crypto/password/hashing_pool.h"
#include "db/database.h"
#include "flow/keys/keys.h"
#include "flow/limits/backoff_table.h"
#include "settings/settings.h"

namespace latchkey::flow {

/// The long-lived objects that flows work with. app/core.h owns them; they outlive every flow. Any thread
/// may use them.
struct Services {
  db::Database& database;
  crypto::password::HashingPool& hashing;
  keys::Keys& keys;
  limits::BackoffTable& unknown_addresses;  ///< failed sign-ins of addresses without account
  limits::BackoffTable& repeated_refusals;  ///< as the audit has had them lately
  TokenBuckets& buckets;                    ///< what clients, and all together, may do how often
  const Settings& settings;
  const crypto::breached::Index* breached = nullptr;  ///< passwords that nobody may choose; none: no list
  /// Without a trailing slash; what links, `iss` and `aud` are made from.
  std::string public_url;
  /// Tells the mail worker that there is new mail. Never blocks.
  std::function<void()> wake_mail;
};

}  // namespace latchkey::flow
