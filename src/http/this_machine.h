#pragma once

#include "http/message.h"

namespace latchkey::http {

/// Whether a program on this machine, such as a browser, sends the request straight to the server. The
/// client's address has to be one of this machine, and the Host `localhost`, `127.0.0.1` or `[::1]`, with any
/// port: a page of another host whose name leads here (DNS rebinding) sends that name. What proxies write is
/// refused: `Forwarded`, `X-Forwarded-…`, `X-Real-IP`, `Via`, a target in absolute form, and HTTP/1.0, which
/// browsers do not speak any more, and some proxies do. A proxy that writes nothing of this, and asks for one
/// of the three names, can not be told from a browser.
bool comes_from_this_machine(const Request& request);

}  // namespace latchkey::http
