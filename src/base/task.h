#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace latchkey {

namespace asio = boost::asio;

using IoExecutor = asio::io_context::executor_type;

/// A flow: a coroutine that runs on one thread's io_context from start to end. It takes its arguments by
/// value.
///
/// GCC 12 destroys twice the owning temporaries of a `co_await` expression: name lambdas with captures and
/// aggregates first, then await (docs/adr/0003).
template <class T = void>
using Task = asio::awaitable<T, IoExecutor>;

}  // namespace latchkey
