#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

namespace latchkey::crypto::breached {

/// Owns a file descriptor. What fails is a std::system_error that names the path.
class OpenFile {
 public:
  OpenFile(std::filesystem::path path, int flags, mode_t mode = 0);
  /// A file without a name in the folder: it is gone when this is.
  static OpenFile without_name(const std::filesystem::path& folder);
  OpenFile(OpenFile&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();

  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }

  /// Reads until `into` is full or the file ends; answers how much it read.
  std::size_t read(std::span<std::uint8_t> into) const;
  std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> into) const;
  void write(std::span<const std::uint8_t> bytes) const;
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) const;
  void sync() const;

  [[noreturn]] void fail(const char* what) const;

 private:
  OpenFile(std::filesystem::path path, int descriptor, std::nullptr_t)
      : path_(std::move(path)), descriptor_(descriptor) {}

  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace latchkey::crypto::breached
