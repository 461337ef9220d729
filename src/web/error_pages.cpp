#include "web/error_pages.h"

#include "web/pages.h"

namespace latchkey::web {
namespace {

constexpr PageFile rows[] = {
    {.file = "error.html", .title = "Error", .variables = {"sentence", "request_id"}},
    {.file = "bad_link.html", .title = "This link does not work", .variables = {"sentence", "request_id"}},
};

}  // namespace

std::span<const PageFile> kernel_pages() { return rows; }

ErrorPage error_page_of(const Error& error) {
  const PageFile& general = rows[0];
  if (error.code == ErrorCode::invalid_confirmation || error.code == ErrorCode::invalid_link)
    return {rows[1], rows[1].title, ""};
  switch (describe(error.code).status) {
    case 401:
      return {general, "Sign in first", "This page is for people who have signed in."};
    case 403:
      return {general, "You cannot open this", "Your account is not allowed to do this."};
    case 404:
      return {general, "There is nothing here", "The address may be wrong, or the page is gone."};
    case 405:
      return {general, "This page cannot do that", "Open the link again, and use the buttons of the page."};
    case 413:
      return {general, "That is too long", "What you sent is longer than this page accepts."};
    case 429:
      return {general, "Too many attempts", "Wait a while, then try again."};
    case 500:
    case 501:
      return {general, "Something failed here",
              "It is not your fault. Try again; if it fails again, tell the operator."};
    case 503:
      return {general, "The service is busy", "Try again in a moment."};
    default:
      return {general, "This did not work",
              "The server could not read what was sent. Go back and try again."};
  }
}

}  // namespace latchkey::web
