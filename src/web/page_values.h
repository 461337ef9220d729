#pragma once

#include <string>
#include <vector>

#include "base/template.h"
#include "base/time.h"
#include "http/message.h"
#include "web/form.h"
#include "web/language.h"
#include "web/page_file.h"

namespace latchkey::web {

/// Every name that the template of `page` may use: those of its row, of its form, and of all pages.
std::vector<std::string> list_variables(const PageFile& page);

/// Sets what a form's templates read (templates/pages/form/).
void set_form(TemplateValues& values, const Form& form, const Language& language);

/// The way from the page's own address to the root that it is served under, such as `../../`. Counted in the
/// address as the browser sees it, a closing slash included.
std::string path_to_root(const http::Request& request);

/// A moment for people, in UTC, such as `2026-11-29 03:11 UTC`; and as `<time datetime>` has it, from which
/// the script makes the time of the reader's own place.
std::string show_time(Timestamp at);
std::string machine_time(Timestamp at);

}  // namespace latchkey::web
