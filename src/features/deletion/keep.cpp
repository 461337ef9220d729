#include "features/deletion/keep.h"

#include "features/deletion/events.h"
#include "features/deletion/mails.h"
#include "flow/accounts/notice.h"
#include "flow/signin/progress.h"
#include "mail/queue.h"
#include "store/attempts.h"
#include "store/factors.h"
#include "store/scheduled.h"

namespace latchkey::features::deletion {
namespace {

namespace scheduled = store::scheduled;
using flow::signin::Progress;
using flow::signin::Step;
using store::users::Contact;

/// What a link names.
struct Named {
  LinkId deletion;
  Contact account;
};

Task<Result<Named>> read_link(flow::Services& services, Timestamp now, std::string token) {
  const auto snapshot = services.keys.current();
  const auto claims =
      crypto::jose::read_own_token(keep_link.token, token, snapshot->ring().keys(keep_link.key));
  if (!claims.has_value() || claims->exp <= to_numeric_date(now)) co_return Error(ErrorCode::invalid_link);
  auto account = co_await services.database.run(store::users::find_contact_by_subject, claims->sub);
  if (!account.has_value() || !account->is_active ||
      crypto::jose::address_fingerprint(account->email_key) != claims->address)
    co_return Error(ErrorCode::invalid_link);
  const auto waiting =
      co_await services.database.run(scheduled::find_of_user, account->id, std::string(scheduled::deletion));
  if (!waiting.has_value() || waiting->id != claims->jti || waiting->due_at <= now)
    co_return Error(ErrorCode::invalid_link);
  co_return Named{.deletion = claims->jti, .account = std::move(*account)};
}

/// What follows the stop of a deletion, in its transaction; the account's row is locked.
void note_kept(db::Tx& tx, const flow::Services& services, const flow::Origin& origin, const Contact& account,
               const std::string& language) {
  tx.run(store::factors::raise_version, origin.now, account.id);
  mail::drop_links_for(tx, account.id, std::string(keep_link.purpose));
  flow::accounts::queue_notice(tx, services, origin, account, stopped_message, {}, language);
  flow::record(tx, origin, events::deletion_stopped, flow::ok, to_string(account.subject));
  tx.run_later(store::factors::update_mark, account.id);
}

}  // namespace

Task<Result<Contact>> look_at_keep_link(flow::Services& services, flow::Origin origin, std::string token) {
  auto named = co_await read_link(services, origin.now, std::move(token));
  if (named.has_error()) {
    flow::note(origin, events::deletion_stopped, ErrorCode::invalid_link);
    co_return named.error();
  }
  co_return std::move(named->account);
}

Task<Result<>> keep_by_link(flow::Services& services, flow::Origin origin, std::string token,
                            std::string language) {
  const auto named = co_await read_link(services, origin.now, std::move(token));
  if (named.has_error()) {
    flow::note(origin, events::deletion_stopped, ErrorCode::invalid_link);
    co_return named.error();
  }
  auto work = [&](db::Tx& tx) -> Result<> {
    const auto& account = named->account;
    if (!tx.run(store::attempts::hold, account.id, account.security_version).has_value())
      return Error(ErrorCode::invalid_link);
    if (!tx.run(scheduled::delete_by_id, named->deletion).has_value()) return Error(ErrorCode::invalid_link);
    note_kept(tx, services, origin, account, language);
    return {};
  };
  const auto kept = co_await services.database.write(work);  // no caller: by link
  if (kept.has_error()) flow::note(origin, events::deletion_stopped, ErrorCode::invalid_link);
  co_return kept;
}

Task<Result<flow::sessions::TokenPair>> keep_by_sign_in(flow::Services& services, flow::Origin origin,
                                                        std::string login_token, std::string language) {
  auto shown = co_await flow::signin::read_login_token(services, origin, std::move(login_token));
  if (shown.has_error()) co_return shown.error();
  const Progress progress = std::move(*shown);
  const auto account = co_await services.database.run(store::users::find_contact_by_id, progress.account.id);
  if (!account.has_value()) co_return Error(ErrorCode::invalid_login_token);
  flow::signin::Consume consume = [&](db::Tx& tx) -> Result<> {
    const auto state = flow::signin::state_of(tx, progress.account);
    const auto policy = flow::signin::policy_for(services.settings, progress.account.role);
    const auto step = flow::signin::next_step(state, progress.done, policy);
    if (step.kind == Step::Kind::refuse) return Error(step.refusal);
    if (step.kind == Step::Kind::done) return Error(ErrorCode::invalid_login_token);
    if (step.kind != Step::Kind::keep_account)
      return flow::signin::missing_step(services, progress, step.kind, state, origin.now);
    if (!tx.run(scheduled::delete_of_user, account->id, std::string(scheduled::deletion)).has_value())
      return Error(ErrorCode::invalid_login_token);
    note_kept(tx, services, origin, *account, language);
    return {};
  };
  Progress begun = progress;
  co_return co_await flow::signin::go_on(services, origin, std::move(begun), flow::signin::Done(),
                                         std::move(consume));
}

}  // namespace latchkey::features::deletion
