#include "web/error_pages.h"

#include "web/pages.h"

namespace latchkey::web {
namespace {

constexpr PageFile rows[] = {
    {.file = "error.html", .title = "@error.title", .variables = {"sentence", "request_id", "again"}},
    {.file = "bad_link.html", .title = "@bad_link.title", .variables = {"sentence", "request_id", "again"}},
};

}  // namespace

std::span<const PageFile> kernel_pages() { return rows; }

ErrorPage error_page_of(const Error& error) {
  const PageFile& general = rows[0];
  switch (error.code) {
    case ErrorCode::invalid_confirmation:
    case ErrorCode::invalid_link:
      return {rows[1], "bad_link.title", ""};
    case ErrorCode::stale_form:
      return {general, "error.stale.title", "error.stale.sentence"};
    case ErrorCode::cross_site_form:
      return {general, "error.cross_site.title", "error.cross_site.sentence"};
    case ErrorCode::https_required:
      return {general, "error.https.title", "error.https.sentence"};
    default:
      break;
  }
  switch (describe(error.code).status) {
    case 401:
      return {general, "error.sign_in.title", "error.sign_in.sentence"};
    case 403:
      return {general, "error.forbidden.title", "error.forbidden.sentence"};
    case 404:
      return {general, "error.not_found.title", "error.not_found.sentence"};
    case 405:
      return {general, "error.method.title", "error.method.sentence"};
    case 413:
      return {general, "error.too_long.title", "error.too_long.sentence"};
    case 429:
      return {general, "error.too_often.title", "error.too_often.sentence"};
    case 500:
    case 501:
      return {general, "error.failed.title", "error.failed.sentence"};
    case 503:
      return {general, "error.busy.title", "error.busy.sentence"};
    default:
      return {general, "error.other.title", "error.other.sentence"};
  }
}

}  // namespace latchkey::web
