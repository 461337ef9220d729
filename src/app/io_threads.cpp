#include "app/io_threads.h"

#include <boost/asio/executor_work_guard.hpp>
#include <string>
#include <system_error>

#include "app/refusal.h"
#include "base/ip_address.h"
#include "base/scheduling.h"

namespace latchkey::app {
namespace {

/// What an event loop lets through ends the process: a server that has lost one is better started again.
void run_or_end(asio::io_context& io) noexcept { io.run(); }

/// Whether a machine has no IPv6 (or no IPv4), or not on its loopback interface.
bool has_no_such_address(const std::error_code& error) {
  return error == std::errc::address_not_available || error == std::errc::address_family_not_supported;
}

constexpr int tries_for_a_port = 16;

}  // namespace

IoThreads::IoThreads(std::size_t count, const Addresses& addresses, const Parts& parts)
    : crowd_(parts.bounds) {
  for (std::size_t i = 0; i < count; ++i) contexts_.push_back(std::make_unique<asio::io_context>(1));
  open_public_listeners(addresses.listen, parts);
  if (addresses.management.has_value()) {
    http::wire::refuse_shared_port(*addresses.management);
    // What runs in a browser on this machine has no business with metrics, whatever the API allows it.
    http::Options options = parts.options;
    options.cors_origins.clear();
    management_ =
        std::make_unique<http::wire::Listener>(*contexts_.front(), parts.management_router, parts.clock,
                                               std::move(options), http::AccessHook{}, crowd_);
    management_->open(*addresses.management);
  }
}

void IoThreads::open_listeners(const Endpoint& endpoint, const Parts& parts) {
  http::wire::refuse_shared_port(endpoint);
  Endpoint bound = endpoint;
  for (const auto& context : contexts_) {
    listeners_.push_back(std::make_unique<http::wire::Listener>(*context, parts.router, parts.clock,
                                                                parts.options, parts.access, crowd_));
    listeners_.back()->open(bound);
    // Port 0 takes a free one; the other threads share it.
    bound = listeners_.back()->endpoint();
  }
}

void IoThreads::open_public_listeners(const Endpoint& endpoint, const Parts& parts) {
  const auto twin = loopback_twin(endpoint.address);
  for (int tries_left = tries_for_a_port;; --tries_left) {
    open_listeners(endpoint, parts);
    if (!twin.has_value()) return;
    try {
      return open_listeners({*twin, this->endpoint().port}, parts);
    } catch (const std::system_error& error) {
      if (has_no_such_address(error.code())) return;
      const bool is_taken = error.code() == std::errc::address_in_use;
      if (!is_taken || endpoint.port != 0 || tries_left <= 1) throw;
      // The free port of one address is somebody's of the other one.
      listeners_.clear();
    }
  }
}

IoThreads::~IoThreads() { join(); }

std::optional<Endpoint> IoThreads::management_endpoint() const {
  if (management_ == nullptr) return std::nullopt;
  return management_->endpoint();
}

void IoThreads::start(db::Database& database) {
  attaching_ = contexts_.size();
  for (const auto& context : contexts_) {
    guards_.emplace_back(context->get_executor());
    threads_.emplace_back([this, &io = *context, &database] { run(io, database); });
  }
  std::unique_lock lock(mutex_);
  attached_one_.wait(lock, [this] { return attaching_ == 0; });
  if (!no_way_) return;
  lock.unlock();
  join();
  try {
    std::rethrow_exception(no_way_);
  } catch (const std::exception& error) {
    throw StartRefused(std::string("a thread has no connection to the database: ") + error.what());
  }
}

void IoThreads::run(asio::io_context& io, db::Database& database) {
  prefer_short_turns();
  try {
    const auto attachment = database.attach_thread(io);
    note_attached(nullptr);
    run_or_end(io);
  } catch (...) {
    note_attached(std::current_exception());
  }
}

void IoThreads::note_attached(std::exception_ptr why_not) {
  const std::lock_guard lock(mutex_);
  if (why_not) no_way_ = std::move(why_not);
  --attaching_;
  attached_one_.notify_one();
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
