#pragma once

#include <string>

namespace latchkey {

/// An empty text to write an answer's body into, on the memory of one that this thread has sent.
std::string take_spare_text();
/// Keeps the memory of a body that has been sent, unless more is kept already or it is large. What was secret
/// in it has been overwritten by the caller.
void keep_spare_text(std::string text);

}  // namespace latchkey
