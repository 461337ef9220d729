#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "app/cli/descriptor.h"

namespace latchkey::app::cli {

/// What passes between a command and the server that carries it out. Both sides send frames: a letter, the
/// size as four bytes (the lowest first), and so many bytes.
///
///   server   hello       the protocol's number
///   client   argument    each argument, in order
///            directory   the client's working directory
///            input       its standard input, if the command reads it
///            end
///   server   out, err    pieces of the two streams, as they come
///            exit        the exit code in decimal; the last frame
enum class FrameType : char {
  hello = 'h',
  argument = 'a',
  directory = 'd',
  input = 'i',
  end = '.',
  out = 'o',
  err = 'e',
  exit = 'x',
};

inline constexpr std::string_view protocol_version = "1";
inline constexpr std::size_t max_payload = 65536;

struct Frame {
  FrameType type;
  std::string payload;
};

/// The other side is gone, silent for too long, or sends what is no frame.
class ChannelBroken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The other side has ended the connection.
class ChannelGone : public ChannelBroken {
 public:
  using ChannelBroken::ChannelBroken;
};

struct FrameHead {
  FrameType type;
  std::size_t size;
};
using FrameHeadBytes = std::array<char, 5>;
FrameHeadBytes encode(const FrameHead& head);
/// Nothing for an unknown letter or a size beyond `max_payload`.
std::optional<FrameHead> decode(const FrameHeadBytes& bytes);

/// One end of a connection that carries frames. One thread uses it; any other may call `silent_for`, `hurry`
/// and `cut`.
class Channel {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `stall` is how long the other side may take no byte while we send.
  Channel(Descriptor socket, std::chrono::milliseconds stall);

  /// Sends a payload of any size, in as many frames as it takes; at least one. Throws ChannelBroken.
  void send(FrameType type, std::string_view payload);
  /// The next frame. Throws ChannelBroken when it is not there whole by then, or the connection has ended.
  Frame receive(TimePoint deadline);

  /// For how long the other side has sent nothing that this side would have read at once. Nothing: this side
  /// has not come to reading, or there is something to read.
  std::optional<std::chrono::milliseconds> silent_for() const;
  /// From now on nothing is waited for beyond `latest`.
  void hurry(TimePoint latest);
  /// Ends the connection under the thread that waits on it.
  void cut();

 private:
  void wait_for(short events, TimePoint deadline) const;
  void send_all(std::string_view bytes);
  void receive_all(char* bytes, std::size_t size, TimePoint deadline);

  Descriptor socket_;
  std::chrono::milliseconds stall_;
  std::atomic<TimePoint> latest_{TimePoint::max()};
  /// Since when this side has waited for a byte; the end of time: it does not wait.
  std::atomic<TimePoint> listens_since_{TimePoint::max()};
};

}  // namespace latchkey::app::cli
