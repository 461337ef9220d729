#include "flow/signin/enrol_factor.h"

#include <memory>

#include "flow/events.h"
#include "flow/signin/events.h"

namespace latchkey::flow::signin {
namespace {

Error with_codes(Error refusal, std::vector<std::string> codes) {
  if (refusal.step == nullptr || codes.empty()) return refusal;
  MissingStep step = *refusal.step;
  step.recovery_codes = std::move(codes);
  refusal.step = std::make_shared<const MissingStep>(std::move(step));
  return refusal;
}

}  // namespace

Task<Result<Progress>> read_enrolment(Services& services, Origin origin, std::string login_token) {
  auto progress = co_await read_login_token(services, origin, std::move(login_token));
  if (progress.has_error()) {
    note(origin, events::sign_in, progress.error().code);
    co_return progress.error();
  }
  const auto state = co_await read_state(services, progress->account);
  const auto expected = expect_step(services, *progress, Step::Kind::enrol_factor, state, origin.now);
  if (expected.has_error()) co_return expected.error();
  co_return std::move(*progress);
}

Task<Result<Enrolled>> enrol_and_go_on(Services& services, Origin origin, Progress progress, Done proved,
                                       Enrol enrol) {
  std::vector<std::string> codes;
  const Progress before = progress;
  Consume consume = [&](db::Tx& tx) -> Result<> {
    codes.clear();
    const auto state = state_of(tx, before.account);
    const auto expected = expect_step(services, before, Step::Kind::enrol_factor, state, origin.now);
    if (expected.has_error()) return expected;
    auto written = enrol(tx);
    if (written.has_error()) return written.error();
    codes = std::move(*written);
    return {};
  };
  auto tokens = co_await go_on(services, origin, std::move(progress), proved, std::move(consume));
  if (tokens.has_error()) {
    // The transaction has told everything else.
    const ErrorCode code = tokens.error().code;
    if (code == ErrorCode::invalid_passkey || code == ErrorCode::invalid_login_token)
      note(origin, events::sign_in, code);
    co_return with_codes(tokens.error(), std::move(codes));
  }
  co_return Enrolled{.tokens = std::move(*tokens), .recovery_codes = std::move(codes)};
}

}  // namespace latchkey::flow::signin
