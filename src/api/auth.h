#pragma once

#include "base/error.h"
#include "base/task.h"
#include "flow/services.h"
#include "http/message.h"

/// Thin handlers: decode, call the flow, encode.
namespace latchkey::api {

Task<Result<http::Response>> sign_up(flow::Services& services, http::Request& request);
Task<Result<http::Response>> log_in(flow::Services& services, http::Request& request);
Task<Result<http::Response>> refresh_token(flow::Services& services, http::Request& request);
Task<Result<http::Response>> log_out(flow::Services& services, http::Request& request);

}  // namespace latchkey::api
