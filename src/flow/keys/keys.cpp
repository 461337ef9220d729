#include "flow/keys/keys.h"

#include <algorithm>
#include <stdexcept>

#include "base/error.h"
#include "crypto/jose/access_token.h"
#include "store/state.h"

namespace latchkey::flow::keys {
namespace {

bool same(const std::vector<store::signing_keys::Key>& a, const std::vector<store::signing_keys::Key>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.kid == y.kid && x.activates_at == y.activates_at && x.sealed_private_key == y.sealed_private_key;
  });
}

/// Never the same twice in a process: what a thread keeps of one `Keys` must not pass for that of another
/// that was made later at the same address.
std::uint64_t next_version() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

KeySnapshot::KeySnapshot(std::uint64_t version, std::int64_t epoch, crypto::Keyring ring,
                         const std::vector<store::signing_keys::Key>& stored)
    : version_(version), epoch_(epoch), ring_(std::move(ring)) {
  std::vector<crypto::jose::NamedVerifyKey> published;
  for (const auto& key : stored) {
    auto opened = ring_.unwrap(key.sealed_private_key, key.kid);
    if (!opened.has_value()) {
      throw std::runtime_error("the signing key " + key.kid +
                               " cannot be decrypted with this master secret; if the secret was replaced, "
                               "set the old one as master_secret_previous and run `latchkey keys rekey`");
    }
    if (opened->under_previous_master) sealed_under_previous_.push_back(key.kid);
    published.push_back({key.kid, opened->key.verify_key()});
    signers_.push_back(
        {key.kid, crypto::jose::access_token_start(key.kid), key.activates_at, std::move(opened->key)});
  }
  std::ranges::stable_sort(signers_, {}, &Signer::activates_at);
  verify_keys_ = crypto::jose::KeySet(std::move(published));
  jwks_ = verify_keys_.jwks();
}

const KeySnapshot::Signer& KeySnapshot::signer(Timestamp now) const {
  if (signers_.empty()) throw Unavailable("there is no signing key");
  for (auto signer = signers_.rbegin(); signer != signers_.rend(); ++signer) {
    if (signer->activates_at <= now) return *signer;
  }
  // Only a clock that stepped back gets here. The oldest key has been published longest.
  return signers_.front();
}

Keys::Keys(db::Database& database, Secret master, std::vector<Secret> previous)
    : database_(database), master_(std::move(master)), previous_(std::move(previous)) {}

void Keys::reload() {
  // From the reading on: two reloads at once must not swap an older state over a newer one. It may take as
  // long as a database takes to be given up, in which whoever asks for the current keys must not wait.
  const std::lock_guard alone(reloading_);
  auto read = [](db::Tx& tx) {
    return std::pair{tx.run(store::state::find_epoch).value(), tx.run(store::signing_keys::list_keys)};
  };
  auto [epoch, stored] = database_.read_now(read);
  if (snapshot_ != nullptr && snapshot_->epoch() == epoch && same(stored, stored_)) return;
  const std::uint64_t version = next_version();
  auto snapshot =
      std::make_shared<const KeySnapshot>(version, epoch, crypto::Keyring(master_, previous_, epoch), stored);
  stored_ = std::move(stored);
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(snapshot);
  version_.store(version, std::memory_order_release);
}

const std::shared_ptr<const KeySnapshot>& Keys::current() const {
  struct Copy {
    std::uint64_t version = 0;  ///< tells of which `Keys` it is, too
    std::shared_ptr<const KeySnapshot> snapshot;
  };
  thread_local Copy copy;
  const std::uint64_t version = version_.load(std::memory_order_acquire);
  if (copy.version != version) {
    const std::lock_guard lock(mutex_);
    copy = {version_.load(std::memory_order_relaxed), snapshot_};
  }
  return copy.snapshot;
}

}  // namespace latchkey::flow::keys
