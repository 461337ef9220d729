#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "crypto/jose/es256.h"
#include "crypto/jose/key_set.h"
#include "crypto/keyring.h"
#include "db/database.h"
#include "store/signing_keys.h"

namespace latchkey::flow::keys {

/// Everything that makes and checks tokens, as it was at one moment. Immutable.
class KeySnapshot {
 public:
  struct Signer {
    std::string kid;
    std::string token_start;  ///< how access tokens of this key begin
    Timestamp activates_at;
    crypto::jose::SigningKey key;
  };

  /// Throws std::runtime_error, for the operator to read, when a stored key opens under none of the ring's
  /// masters.
  KeySnapshot(std::uint64_t version, std::int64_t epoch, crypto::Keyring ring,
              const std::vector<store::signing_keys::Key>& stored);

  /// Counts up with each snapshot; what was verified under another version must be verified again.
  std::uint64_t version() const { return version_; }
  std::int64_t epoch() const { return epoch_; }
  const crypto::Keyring& ring() const { return ring_; }
  const crypto::jose::KeySet& verify_keys() const { return verify_keys_; }
  /// The JWK set of every key that is published, ready to send.
  const std::string& jwks() const { return jwks_; }
  /// The key that signs at `now`: the youngest that is active. Throws Unavailable when there is none.
  const Signer& signer(Timestamp now) const;
  /// The keys that sign or have signed, of whose tokens some may be alive.
  std::span<const Signer> signers() const { return signers_; }
  /// Keys that a previous master secret sealed: `latchkey keys rekey` seals them again.
  const std::vector<std::string>& sealed_under_previous() const { return sealed_under_previous_; }

 private:
  std::uint64_t version_;
  std::int64_t epoch_;
  crypto::Keyring ring_;
  crypto::jose::KeySet verify_keys_;
  std::string jwks_;
  std::vector<Signer> signers_;  ///< in the order of their activation
  std::vector<std::string> sealed_under_previous_;
};

/// Holds the snapshot in force and loads a new one when keys change. Any thread may call anything.
class Keys {
 public:
  Keys(db::Database& database, Secret master, std::vector<Secret> previous);

  /// Reads epoch and keys from the store and swaps the new snapshot in, unless nothing changed. Blocks;
  /// throws what the store throws, and what KeySnapshot's constructor throws.
  void reload();

  /// The snapshot in force. Each thread keeps a copy of the pointer, so that the steady state costs one load
  /// of an atomic number that hardly ever changes. The reference is good until the thread calls `current`
  /// again: take a copy of the pointer to hold it across a suspension.
  const std::shared_ptr<const KeySnapshot>& current() const;

 private:
  db::Database& database_;
  Secret master_;
  std::vector<Secret> previous_;
  std::mutex reloading_;
  mutable std::mutex mutex_;  ///< for the next two, never held for long; only reloads write them
  std::atomic<std::uint64_t> version_{0};
  std::shared_ptr<const KeySnapshot> snapshot_;
  std::vector<store::signing_keys::Key> stored_;  ///< what the snapshot was made of
};

}  // namespace latchkey::flow::keys
