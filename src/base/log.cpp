#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>

#include "base/time.h"

namespace latchkey::log {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Lines that wait for standard error; about a megabyte of memory.
constexpr std::size_t queue_lines = 2048;
/// What a pipe that is ready takes without blocking (PIPE_BUF).
constexpr std::size_t write_piece = 4096;
constexpr int poll_milliseconds = 100;
constexpr std::chrono::seconds patience_at_stop{1};

std::string line_now(Format format, Level level, std::string_view event, Fields fields) {
  const auto now = std::chrono::time_point_cast<Microseconds>(std::chrono::system_clock::now());
  std::string line = format_line(format, format_rfc3339(now), level, event, fields);
  line.push_back('\n');
  return line;
}

/// The only writer once the queue runs. It waits for a stuck reader, so that the queue in front of it fills
/// and gives up its oldest lines, but while the log is being stopped only until the deadline.
class StandardError final : public spdlog::sinks::sink {
 public:
  StandardError(Format format, spdlog::details::thread_pool& pool) : format_(format), pool_(pool) {}

  void log(const spdlog::details::log_msg& message) override {
    write({message.payload.data(), message.payload.size()});
    const std::uint64_t dropped = count_dropped();
    if (dropped > reported_) {
      const std::uint64_t lines = dropped - reported_;
      reported_ = dropped;
      write(line_now(format_, Level::warn, "log.dropped", {{"lines", lines}}));
    }
  }

  void give_up_after(SteadyTime deadline) { deadline_.store(deadline, std::memory_order_relaxed); }
  std::uint64_t count_unwritten() const { return unwritten_.load(std::memory_order_relaxed); }
  std::uint64_t count_dropped() const { return pool_.overrun_counter() + count_unwritten(); }

  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  void write(std::string_view line) {
    while (!line.empty()) {
      if (!wait_until_writable()) break;
      const ssize_t written = ::write(STDERR_FILENO, line.data(), std::min(line.size(), write_piece));
      if (written < 0 && errno != EINTR && errno != EAGAIN) break;
      if (written > 0) line.remove_prefix(static_cast<std::size_t>(written));
    }
    if (!line.empty()) unwritten_.fetch_add(1, std::memory_order_relaxed);
  }

  bool wait_until_writable() const {
    for (;;) {
      const bool patient = std::chrono::steady_clock::now() <= deadline_.load(std::memory_order_relaxed);
      pollfd waited{STDERR_FILENO, POLLOUT, 0};
      const int ready = ::poll(&waited, 1, patient ? poll_milliseconds : 0);
      if (ready > 0) return true;
      if ((ready < 0 && errno != EINTR) || !patient) return false;
    }
  }

  const Format format_;
  spdlog::details::thread_pool& pool_;
  std::atomic<SteadyTime> deadline_{SteadyTime::max()};
  std::atomic<std::uint64_t> unwritten_{0};
  std::uint64_t reported_ = 0;
};

/// What runs between `start` and `stop`.
struct Queue {
  explicit Queue(Format line_format)
      : format(line_format),
        pool(std::make_shared<spdlog::details::thread_pool>(queue_lines, 1, block_signals)),
        sink(std::make_shared<StandardError>(format, *pool)),
        logger(std::make_shared<spdlog::async_logger>("", sink, pool,
                                                      spdlog::async_overflow_policy::overrun_oldest)) {
    logger->set_level(spdlog::level::trace);
  }

  /// Signals are for the main thread; a vanished reader is EPIPE, no SIGPIPE.
  static void block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  }

  const Format format;
  const std::shared_ptr<spdlog::details::thread_pool> pool;  // spdlog's interfaces share these three
  const std::shared_ptr<StandardError> sink;
  const std::shared_ptr<spdlog::async_logger> logger;
};

// A plain pointer: a process that exits without `stop` must not wait here for a stuck reader.
Queue* queue = nullptr;
std::atomic<Level> threshold{Level::warn};
std::atomic<std::uint64_t> dropped_before{0};

void write(Level level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  if (queue != nullptr) {
    queue->logger->log(spdlog::level::info, line_now(queue->format, level, event, fields));
    return;
  }
  const std::string line = line_now(Format::text, level, event, fields);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void start(Level level, Format format) {
  if (queue == nullptr) queue = new Queue(format);
  threshold.store(level, std::memory_order_relaxed);
}

void stop() {
  if (queue == nullptr) return;
  threshold.store(Level::warn, std::memory_order_relaxed);
  queue->sink->give_up_after(std::chrono::steady_clock::now() + patience_at_stop);
  const std::shared_ptr<StandardError> sink = queue->sink;
  const std::uint64_t overrun = queue->pool->overrun_counter();
  delete std::exchange(queue, nullptr);  // joins the thread, which first writes what is queued
  dropped_before.fetch_add(overrun + sink->count_unwritten(), std::memory_order_relaxed);
}

bool enabled(Level level) { return level >= threshold.load(std::memory_order_relaxed); }

void debug(std::string_view event, Fields fields) { write(Level::debug, event, fields); }
void info(std::string_view event, Fields fields) { write(Level::info, event, fields); }
void warn(std::string_view event, Fields fields) { write(Level::warn, event, fields); }
void error(std::string_view event, Fields fields) { write(Level::error, event, fields); }

void show(std::string_view text) {
  if (queue != nullptr)
    queue->logger->log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
}

std::uint64_t count_dropped() {
  return dropped_before.load(std::memory_order_relaxed) +
         (queue == nullptr ? 0 : queue->sink->count_dropped());
}

}  // namespace latchkey::log
