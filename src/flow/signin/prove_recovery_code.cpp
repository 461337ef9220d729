#include "flow/signin/prove_recovery_code.h"

#include <algorithm>
#include <array>

#include "crypto/sha256.h"
#include "flow/accounts/factor_notices.h"
#include "flow/signin/recent_proof.h"
#include "flow/signin/recovery_codes.h"
#include "store/recovery_codes.h"
#include "store/spent.h"

namespace latchkey::flow::signin {
namespace {

/// The id in `spent` that stands for one try.
LinkId id_of_try(const LinkId& counted, int number) {
  std::array<std::uint8_t, 32> message{};
  constexpr std::string_view purpose = "recovery code";
  auto* end = std::ranges::copy(counted.bytes, message.begin()).out;
  end = std::ranges::copy(view_bytes(purpose), end).out;
  *end = static_cast<std::uint8_t>(number);
  const auto digest = crypto::sha256(std::span<const std::uint8_t>(message));
  LinkId id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

bool count_try(db::Tx& tx, const CountedWith& counted) {
  for (int number = 1; number <= recovery_code_tries; ++number) {
    if (tx.run(store::spent::consume_id, id_of_try(counted.id, number), counted.until).has_value())
      return true;
  }
  return false;
}

}  // namespace

CountedWith counted_with(const Progress& progress) {
  return {.id = progress.token, .until = progress.first_proof_at + login_token_ttl};
}

CountedWith counted_with(const SessionId& session, Timestamp now) {
  const auto window = now.time_since_epoch() / recent;
  std::array<std::uint8_t, 24> message{};
  auto* end = std::ranges::copy(session.bytes, message.begin()).out;
  for (int shift = 56; shift >= 0; shift -= 8)
    *end++ = static_cast<std::uint8_t>(static_cast<std::uint64_t>(window) >> shift);
  const auto digest = crypto::sha256(std::span<const std::uint8_t>(message));
  CountedWith counted{.id = {}, .until = Timestamp{} + (window + 1) * recent};
  std::copy_n(digest.begin(), counted.id.bytes.size(), counted.id.bytes.begin());
  return counted;
}

Task<Result<Consume>> prove_recovery_code(Services& services, Origin origin, UserId account, Subject subject,
                                          CountedWith counted, Secret code) {
  const auto read = read_recovery_code(code.text());
  if (!read.has_value()) co_return Error(ErrorCode::invalid_code);
  auto work = [&](db::Tx& tx) { return count_try(tx, counted); };
  const bool may_try = co_await services.database.write(work);
  if (!may_try) co_return Error(ErrorCode::too_many_attempts, "Too many wrong codes, sign in again");
  Consume consume = [hash = hash_of_recovery_code(subject, *read), account, &services,
                     origin](db::Tx& tx) -> Result<> {
    if (!tx.run(store::recovery_codes::consume_code, hash, account).has_value())
      return Error(ErrorCode::invalid_code);
    accounts::tell_recovery_code_used(tx, services, origin, account);
    return {};
  };
  co_return std::move(consume);
}

}  // namespace latchkey::flow::signin
