#pragma once

#include <string>
#include <string_view>

/// The few pages that people see: what the links in mails lead to. Plain HTML without a script, a cookie or
/// anything from another host, with a policy that says so. Whatever is put in is escaped and made inert.
namespace latchkey::web {

struct Page {
  std::string body;                          ///< text/html; charset=utf-8
  std::string_view content_security_policy;  ///< its own header; lives for ever
};

/// A button that POSTs to the page's own path, and a second that POSTs to `reject_path`
/// (`/api/auth/rejected_email/<token>`): "this was not me".
Page render_confirm_page(std::string_view username, std::string_view reject_path);
Page render_confirmed_page();
Page render_already_confirmed_page();

/// "This was not me": a button that POSTs to the page's own path.
Page render_reject_page(std::string_view username);
Page render_removed_page();

/// The link is not good: wrong, out of date, or of an account that is gone.
Page render_bad_link_page();
/// Anything else that went wrong, in a sentence of ours.
Page render_error_page(std::string_view title, std::string_view sentence);

}  // namespace latchkey::web
