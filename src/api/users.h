#pragma once

#include "base/error.h"
#include "base/task.h"
#include "flow/services.h"
#include "http/message.h"

/// What the signed-in do: look at themselves, manage their sessions, and administer others.
namespace latchkey::api {

Task<Result<http::Response>> get_me(flow::Services& services, http::Request& request);
Task<Result<http::Response>> list_sessions(flow::Services& services, http::Request& request);
Task<Result<http::Response>> delete_session(flow::Services& services, http::Request& request);
Task<Result<http::Response>> log_out_all(flow::Services& services, http::Request& request);
Task<Result<http::Response>> block_user(flow::Services& services, http::Request& request);

}  // namespace latchkey::api
