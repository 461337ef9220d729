#include "flow/signin/prove_password.h"

#include "store/factors.h"

namespace latchkey::flow::signin {

using crypto::password::TriedPassword;
using crypto::password::Verification;

Task<Result<TriedPassword>> prove_password(Services& services, Timestamp now, Attempt attempt,
                                           std::optional<TriedPassword> password) {
  const auto hash = store::factors::without_mark(attempt.account.has_value() ? attempt.account->password_hash
                                                                             : std::string_view());
  const bool possible = !hash.empty() && password.has_value();
  std::string stored = possible ? std::string(hash) : services.hashing.dummy();
  TriedPassword tried;
  if (password.has_value()) {
    tried = std::move(*password);
  } else {
    tried.nfc = Secret("impossible");
  }
  auto checked = co_await services.hashing.verify(attempt.client, std::move(stored), std::move(tried));
  if (checked.has_error()) {
    co_await give_attempt_back(services, now, std::move(attempt));
    co_return checked.error();
  }
  if (!possible || checked->outcome != Verification::matches) co_return Error(ErrorCode::invalid_credentials);
  co_return std::move(checked->tried);
}

}  // namespace latchkey::flow::signin
