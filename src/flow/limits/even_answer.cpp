#include "flow/limits/even_answer.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace latchkey::flow::limits {
namespace {

using Clock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, IoExecutor>;

constexpr asio::use_awaitable_t<IoExecutor> as_task{};

}  // namespace

Task<> EvenAnswer::wait() const {
  Timer timer(co_await asio::this_coro::executor, due_);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(as_task, ignored));
}

}  // namespace latchkey::flow::limits
