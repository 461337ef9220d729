#pragma once

#include "base/error.h"
#include "base/id.h"
#include "http/message.h"

namespace latchkey::api {

/// The account that the path names as `{user_id}`. Refuses with validation_failed what is no number.
Result<UserId> read_user_id(const http::Request& request);

}  // namespace latchkey::api
