#include "features/passkeys/options.h"

#include "features/passkeys/new_passkey.h"
#include "flow/signin/progress.h"

namespace latchkey::features::passkeys {

namespace signin = flow::signin;

Task<Result<RegistrationOptions>> registration_options(flow::Services& services, flow::Origin origin,
                                                       Owner owner) {
  auto party = signin::relying_party(services);
  if (party.has_error()) co_return party.error();
  auto existing = co_await list_own_passkeys(services, owner);
  if (static_cast<std::int64_t>(existing.size()) >= most_passkeys)
    co_return Error(ErrorCode::too_many_passkeys);
  const auto keys = services.keys.current();
  co_return RegistrationOptions{.party = std::move(*party),
                                .challenge = signin::make_passkey_challenge(
                                    keys->ring(), signin::Ceremony::registration, owner.subject, origin.now),
                                .existing = std::move(existing)};
}

Task<Result<AnswerOptions>> sign_in_options(flow::Services& services, flow::Origin origin,
                                            std::optional<std::string> login_token) {
  auto party = signin::relying_party(services);
  if (party.has_error()) co_return party.error();
  const auto keys = services.keys.current();
  AnswerOptions options{.rp_id = std::move(party->id),
                        .challenge = signin::make_passkey_challenge(keys->ring(), signin::Ceremony::sign_in,
                                                                    Subject{}, origin.now),
                        .allowed = {}};
  if (login_token.has_value()) {
    const auto progress = co_await signin::read_login_token(services, origin, std::move(*login_token));
    if (progress.has_error()) co_return progress.error();
    options.allowed = co_await services.database.run(store::passkeys::list_passkeys, progress->account.id);
  }
  co_return options;
}

Task<Result<AnswerOptions>> proof_options(flow::Services& services, flow::Origin origin, Owner owner) {
  auto party = signin::relying_party(services);
  if (party.has_error()) co_return party.error();
  auto allowed = co_await list_own_passkeys(services, owner);
  const auto keys = services.keys.current();
  co_return AnswerOptions{.rp_id = std::move(party->id),
                          .challenge = signin::make_passkey_challenge(
                              keys->ring(), signin::Ceremony::recent_proof, owner.subject, origin.now),
                          .allowed = std::move(allowed)};
}

}  // namespace latchkey::features::passkeys
