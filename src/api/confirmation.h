#pragma once

#include "base/error.h"
#include "base/task.h"
#include "flow/services.h"
#include "http/message.h"

/// The links of the confirmation mail. Mail scanners open links: who prefers HTML gets a page with a button,
/// and only its POST changes anything; every other GET is a program that means it, as the source document has
/// it.
namespace latchkey::api {

Task<Result<http::Response>> get_confirmed_email(flow::Services& services, http::Request& request);
Task<Result<http::Response>> post_confirmed_email(flow::Services& services, http::Request& request);
Task<Result<http::Response>> get_rejected_email(flow::Services& services, http::Request& request);
Task<Result<http::Response>> post_rejected_email(flow::Services& services, http::Request& request);
Task<Result<http::Response>> request_email(flow::Services& services, http::Request& request);

}  // namespace latchkey::api
