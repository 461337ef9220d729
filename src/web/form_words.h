#pragma once

#include <string>

#include "web/form.h"
#include "web/language.h"

namespace latchkey::web {

/// What is wrong with a form, as a sentence of the language: `problem.<field>_<type>` or `problem.<type>` of
/// the catalogue for a member, `refusal.<field>_<code>` or `refusal.<code>` for anything else. The English
/// words of the JSON answer stand in for a text that the catalogue does not have.
std::string sentence_of(const Form::Problem& problem, const Language& language);

}  // namespace latchkey::web
