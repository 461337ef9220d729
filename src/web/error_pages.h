#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "web/page_file.h"

namespace latchkey::web {

/// What people read of a denial: texts of the catalogue.
struct ErrorPage {
  const PageFile& row;
  std::string_view title;
  std::string_view sentence;
};
ErrorPage error_page_of(const Error& error);

}  // namespace latchkey::web
