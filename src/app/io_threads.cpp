#include "app/io_threads.h"

#include <boost/asio/executor_work_guard.hpp>

#include "base/scheduling.h"

namespace latchkey::app {

IoThreads::IoThreads(std::size_t count, const Addresses& addresses, const Parts& parts) {
  for (std::size_t i = 0; i < count; ++i) contexts_.push_back(std::make_unique<asio::io_context>(1));
  http::wire::Endpoint endpoint = addresses.listen;
  http::wire::refuse_shared_port(endpoint);
  for (const auto& context : contexts_) {
    listeners_.push_back(std::make_unique<http::wire::Listener>(*context, parts.router, parts.clock,
                                                                parts.options, parts.access));
    listeners_.back()->open(endpoint);
    // Port 0 takes a free one; the other threads share it.
    endpoint = listeners_.front()->endpoint();
  }
  if (addresses.management.has_value()) {
    http::wire::refuse_shared_port(*addresses.management);
    management_ = std::make_unique<http::wire::Listener>(*contexts_.front(), parts.management_router,
                                                         parts.clock, parts.options, http::AccessHook{});
    management_->open(*addresses.management);
  }
}

IoThreads::~IoThreads() { join(); }

std::optional<http::wire::Endpoint> IoThreads::management_endpoint() const {
  if (management_ == nullptr) return std::nullopt;
  return management_->endpoint();
}

void IoThreads::start(db::Database& database) {
  for (const auto& context : contexts_) {
    guards_.emplace_back(context->get_executor());
    threads_.emplace_back([&io = *context, &database] {
      prefer_short_turns();
      const auto attachment = database.attach_thread(io);
      io.run();
    });
  }
}

void IoThreads::begin_drain(std::chrono::milliseconds grace) {
  if (threads_.empty()) return;
  draining_.emplace(static_cast<std::ptrdiff_t>(listeners_.size()) + (management_ != nullptr ? 1 : 0));
  const auto finished = [this] { draining_->count_down(); };
  for (const auto& listener : listeners_) listener->stop(grace, finished);
  if (management_ != nullptr) management_->stop(grace, finished);
}

void IoThreads::wait_drained() {
  if (draining_.has_value()) draining_->wait();
}

void IoThreads::join() {
  guards_.clear();
  for (const auto& context : contexts_) context->stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace latchkey::app
