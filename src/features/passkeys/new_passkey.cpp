#include "features/passkeys/new_passkey.h"

#include <algorithm>

#include "crypto/webauthn/ceremony.h"
#include "features/passkeys/events.h"
#include "flow/accounts/factor_notices.h"
#include "flow/accounts/factors.h"
#include "flow/signin/lost_factors.h"
#include "flow/signin/recovery_codes.h"
#include "flow/signin/relying_party.h"
#include "store/factors.h"
#include "store/spent.h"

namespace latchkey::features::passkeys {
namespace {

namespace webauthn = crypto::webauthn;
using store::passkeys::Passkey;

/// Those that look like one of WebAuthn's, without repetition: they are shown to browsers again.
std::string join_transports(std::vector<std::string> transports) {
  std::ranges::sort(transports);
  const auto repeated = std::ranges::unique(transports);
  transports.erase(repeated.begin(), repeated.end());
  std::string joined;
  for (const auto& name : transports) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz-";
    if (name.empty() || name.size() > 16 || name.find_first_not_of(letters) != std::string::npos) continue;
    joined.append(joined.empty() ? "" : ",").append(name);
  }
  return joined.size() <= 128 ? joined : std::string();
}

Task<Error> refuse(flow::Services& services, flow::Origin origin, Subject owner, std::string_view check) {
  co_await flow::refuse(services, std::move(origin), events::passkey_refused, ErrorCode::invalid_passkey,
                        owner, std::string(check));
  co_return ErrorCode::invalid_passkey;
}

}  // namespace

Task<Result<CheckedPasskey>> check_passkey(flow::Services& services, flow::Origin origin, Owner owner,
                                           NewPasskey made) {
  auto name = check_name(made.name);
  if (name.has_error()) co_return name.error();
  const auto party = flow::signin::relying_party(services);
  if (party.has_error()) co_return party.error();
  const auto challenge = flow::signin::challenge_of_client_data(made.client_data_json);
  const auto keys = services.keys.current();
  std::optional<flow::signin::ChallengeId> id;
  if (challenge.has_value()) {
    id = flow::signin::read_passkey_challenge(keys->ring(), flow::signin::Ceremony::registration,
                                              owner.subject, *challenge, origin.now);
  }
  if (!id.has_value()) {
    co_return co_await refuse(services, std::move(origin), owner.subject,
                              webauthn::name_of(webauthn::Check::challenge));
  }

  const webauthn::Expected expected{.challenge = *challenge, .origins = party->origins, .rp_id = party->id};
  const webauthn::Registration registration{.id = made.id,
                                            .client_data_json = made.client_data_json,
                                            .attestation_object = made.attestation_object};
  const auto verified = webauthn::verify_registration(expected, webauthn::Mediation::by_user, registration);
  if (verified.has_error()) {
    co_return co_await refuse(services, std::move(origin), owner.subject,
                              webauthn::name_of(verified.error()));
  }
  Passkey passkey{.id = Bytes(verified->id.begin(), verified->id.end()),
                  .user_id = owner.id,
                  .public_key = Bytes(verified->public_key.begin(), verified->public_key.end()),
                  .sign_count = verified->sign_count,
                  .aaguid = Bytes(verified->aaguid.begin(), verified->aaguid.end()),
                  .transports = join_transports(std::move(made.transports)),
                  .name = std::move(*name),
                  .rp_id = party->id,
                  .is_user_verifying = verified->is_user_verified,
                  .is_backup_eligible = verified->is_backup_eligible,
                  .is_backed_up = verified->is_backed_up,
                  .created_at = origin.now,
                  .last_used_at = origin.now};
  co_return CheckedPasskey{.passkey = std::move(passkey), .challenge = *id};
}

Result<std::vector<std::string>> write_passkey(db::Tx& tx, const flow::Services& services,
                                               const flow::Origin& origin, const Subject& owner,
                                               const CheckedPasskey& checked) {
  const auto& [added, challenge] = checked;
  const UserId account = added.user_id;
  if (tx.run(store::spent::find_id, challenge.id).has_value()) return Error(ErrorCode::invalid_passkey);
  const auto before = tx.run(store::factors::find_steps, account).value();
  if (before.passkeys >= most_passkeys) return Error(ErrorCode::too_many_passkeys);
  const auto inserted =
      tx.run(store::passkeys::insert_passkey, added.id, account, added.public_key, added.sign_count,
             added.aaguid, added.transports, added.name, added.rp_id, added.is_user_verifying,
             added.is_backup_eligible, added.is_backed_up, origin.now);
  if (!inserted.has_value()) return Error(ErrorCode::invalid_passkey);
  tx.run(store::spent::consume_id, challenge.id, challenge.expires_at);
  tx.run(store::factors::raise_version, origin.now, account);
  flow::signin::stop_removal_of_lost(tx, origin, account, owner);
  std::vector<std::string> codes;
  if (!before.has_totp && before.passkeys == 0)
    codes = flow::signin::replace_recovery_codes(tx, account, owner, origin.now);
  flow::record(tx, origin, flow::accounts::factor_added, flow::ok, to_string(owner), "passkey");
  flow::accounts::tell_factor_added(tx, services, origin, account, "passkey");
  tx.run_later(store::factors::update_mark, account);
  return codes;
}

}  // namespace latchkey::features::passkeys
