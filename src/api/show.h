#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/api.h"
#include "base/error.h"
#include "base/template.h"
#include "flow/sessions/tokens.h"
#include "http/message.h"
#include "web/form.h"
#include "web/page_file.h"

/// What the handlers of rows for browsers answer.
namespace latchkey::api {

/// The page, for the browser that asked: with the token that its forms need, and the cookie that goes with it
/// if the browser has none yet; on pages of an account with the name of who has signed in.
http::Response show(const Api& api, const http::Request& request, const web::PageFile& page,
                    TemplateValues values = {}, int status = 200);
http::Response show(const Api& api, const http::Request& request, const web::Form& form,
                    TemplateValues values = {});

/// 303 to a page of ours: its path without the slash in front, and a query of ours behind it.
http::Response go_to(const http::Request& request, std::string_view path);

/// A denial of a row that answers with pages. Who has not signed in is sent to where that can be done, and
/// comes back after it; who has to confirm to be there likewise; anybody else reads what was wrong.
http::Response deny_with_page(const Api& api, const Error& error, const http::Request& request);

/// The page that somebody wanted to see before (`?to=`), in the form that `go_to` takes: `account` where that
/// is no plain path of ours, so that no link can lead elsewhere.
std::string wanted_page(const http::Request& request);
/// `page?to=…` of the same page, for the next page on the way to it.
std::string on_the_way(const http::Request& request, std::string_view page);

/// Somebody has signed in: the session's cookie, and nothing left of the sign-in. The form cookie is a new
/// one, so that a form of before is worth nothing. To the wanted page.
http::Response welcome(const Api& api, const http::Request& request,
                       const flow::sessions::TokenPair& session);

/// The refusal of a sign-in that needs one more step: to the page of that step, with the login token in a
/// cookie. Nothing for any other refusal, and for a step that has no page.
std::optional<http::Response> ask_for_step(const http::Request& request, const Error& refusal);
/// The login token that `ask_for_step` left; empty when there is none.
std::string login_token_of(const http::Request& request);

/// Keeps what a step of a sign-in has to remember in the browser, for ten minutes.
void remember_step(http::Response& response, std::string_view kind, std::string_view text);
/// Whoever begins anew is in the middle of nothing.
void forget_steps(const http::Request& request, http::Response& response);
std::string remembered_step(const http::Request& request, std::string_view kind);

}  // namespace latchkey::api
