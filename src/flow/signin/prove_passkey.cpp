#include "flow/signin/prove_passkey.h"

#include <utility>

#include "crypto/webauthn/ceremony.h"
#include "flow/signin/events.h"
#include "flow/signin/relying_party.h"
#include "store/passkeys.h"
#include "store/spent.h"

namespace latchkey::flow::signin {
namespace {

namespace webauthn = crypto::webauthn;
using store::passkeys::Passkey;
using store::users::Credentials;

/// One statement more than what is proved needs: an entry in the audit.
void tell_of_counter(db::Tx& tx, const Origin& origin, const Subject& account) {
  record(tx, origin, events::passkey_counter, ErrorCode::invalid_passkey, to_string(account),
         "the counter of a passkey went back: there may be a copy of it");
}

Consume make_consume(const Origin& origin, const ChallengeId& challenge, const Passkey& passkey,
                     const webauthn::UsedCredential& used, const Subject& account) {
  return [=](db::Tx& tx) -> Result<> {
    if (!tx.run(store::spent::consume_id, challenge.id, challenge.expires_at).has_value())
      return Error(ErrorCode::invalid_passkey);
    const auto counted = tx.run(store::passkeys::consume_count, std::int64_t{used.sign_count},
                                used.is_backed_up, origin.now, passkey.id, passkey.user_id);
    if (counted.has_value()) return {};
    // Another challenge was answered with the same counter, or a higher one, at the same time.
    tell_of_counter(tx, origin, account);
    return Error(ErrorCode::invalid_passkey);
  };
}

webauthn::Verified<webauthn::UsedCredential> verify(const RelyingParty& party, ByteView challenge,
                                                    webauthn::User user, const Passkey& passkey,
                                                    const Subject& account,
                                                    const PasskeyAssertion& assertion) {
  const webauthn::Expected expected{.challenge = challenge, .origins = party.origins, .rp_id = party.id};
  const webauthn::Credential credential{.public_key = passkey.public_key,
                                        .sign_count = static_cast<std::uint32_t>(passkey.sign_count),
                                        .is_backup_eligible = passkey.is_backup_eligible,
                                        .user_handle = account.bytes};
  webauthn::Assertion given{.client_data_json = assertion.client_data_json,
                            .authenticator_data = assertion.authenticator_data,
                            .signature = assertion.signature};
  if (assertion.user_handle.has_value()) given.user_handle = ByteView(*assertion.user_handle);
  return webauthn::verify_assertion(expected, user, credential, given);
}

/// What failed of an assertion that names a credential of an account.
Task<Error> refuse_known(Services& services, Origin origin, const Event& event, Subject account,
                         webauthn::Check failed) {
  if (failed == webauthn::Check::sign_count) {
    auto work = [&](db::Tx& tx) { tell_of_counter(tx, origin, account); };
    co_await services.database.write(work);
    note(origin, event, ErrorCode::invalid_passkey, to_string(account));
  } else {
    std::string detail = "passkey: " + std::string(webauthn::name_of(failed));
    co_await refuse(services, std::move(origin), event, ErrorCode::invalid_passkey, account,
                    std::move(detail));
  }
  co_return ErrorCode::invalid_passkey;
}

}  // namespace

Task<Result<ProvedPasskey>> prove_passkey(Services& services, Origin origin, const Event& event,
                                          Ceremony ceremony, PasskeyAssertion assertion,
                                          std::optional<Credentials> account) {
  const auto party = relying_party(services);
  if (party.has_error()) co_return party.error();
  const bool is_named = account.has_value();
  const auto passkey = co_await services.database.run(store::passkeys::find_passkey, assertion.id);
  if (!is_named && passkey.has_value()) {
    account = co_await services.database.run(store::users::find_credentials_by_id, passkey->user_id);
  }
  if (!passkey.has_value() || !account.has_value() || passkey->user_id != account->id ||
      passkey->rp_id != party->id) {
    note(origin, event, ErrorCode::invalid_passkey);
    co_return Error(ErrorCode::invalid_passkey);
  }

  const auto challenge = challenge_of_client_data(assertion.client_data_json);
  const auto keys = services.keys.current();
  const Subject bound = ceremony == Ceremony::sign_in ? Subject{} : account->subject;
  std::optional<ChallengeId> id;
  if (challenge.has_value())
    id = read_passkey_challenge(keys->ring(), ceremony, bound, *challenge, origin.now);
  // The credential was read before: of two uses of one challenge, the second finds it spent, and is not taken
  // for a copy of the credential.
  bool is_fresh = id.has_value();
  if (is_fresh) {
    const auto spent = co_await services.database.run(store::spent::find_id, id->id);
    is_fresh = !spent.has_value();
  }
  if (!is_fresh) {
    co_return co_await refuse_known(services, std::move(origin), event, account->subject,
                                    webauthn::Check::challenge);
  }

  const auto user = is_named ? webauthn::User::known : webauthn::User::named_by_assertion;
  const auto used = verify(*party, *challenge, user, *passkey, account->subject, assertion);
  if (used.has_error()) {
    co_return co_await refuse_known(services, std::move(origin), event, account->subject, used.error());
  }
  Done done = Done().with(Proof::passkey);
  if (used->is_user_verified) done = done.with(Proof::user_verified);
  Consume consume = make_consume(origin, *id, *passkey, *used, account->subject);
  co_return ProvedPasskey{.account = std::move(*account), .done = done, .consume = std::move(consume)};
}

}  // namespace latchkey::flow::signin
