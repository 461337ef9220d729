#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"
#include "flow/signin/factor_attempts.h"
#include "flow/signin/next_step.h"
#include "flow/signin/progress.h"

namespace latchkey::flow::signin {

/// Looks at what was given as a proof for the account of a sign-in: a `prove_…` of this folder.
using ProveStep = std::function<Task<Result<Consume>>(Services&, Origin, const Progress&)>;

/// A step of a sign-in that has one more proof to give: reads the login token, asks `prove`, and goes on.
/// Writes down what is refused, with `proof` by its name, such as "totp", and as `looked` says
/// (factor_attempts.h). Refuses with invalid_login_token, with what `prove` refuses, and with what `go_on`
/// refuses.
Task<Result<sessions::TokenPair>> take_factor_step(Services& services, Origin origin, std::string login_token,
                                                   Proof proof, std::string name, ProveStep prove,
                                                   Looked looked = Looked::at_it);

}  // namespace latchkey::flow::signin
