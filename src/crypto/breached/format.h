#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"

/// The index of breached passwords: a header of 32 bytes, then one entry of eight bytes for each password, in
/// ascending order and each once. Numbers are big-endian.
///
///     bytes 0–15   "latchkey leaked\n"
///     bytes 16–19  version, 1
///     bytes 20–23  size of an entry, 8
///     bytes 24–31  number of entries
namespace latchkey::crypto::breached {

/// The first eight bytes of the SHA-1 of a password. Of a billion entries, one in twenty billion other
/// passwords meets one by chance.
using Entry = std::uint64_t;

inline constexpr std::size_t header_size = 32;
inline constexpr std::size_t entry_size = sizeof(Entry);

/// `password` in NFC. Any thread may call it.
Entry entry_of(std::string_view password);

Entry read_entry(const std::uint8_t* bytes);
void write_entry(std::uint8_t* bytes, Entry entry);

std::array<std::uint8_t, header_size> make_header(std::uint64_t count);

/// The number of entries that a file of `file_size` bytes has whose first bytes are `first`, or what is
/// wrong with it, as the rest of a sentence about it.
std::variant<std::uint64_t, std::string> read_header(ByteView first, std::uint64_t file_size);

}  // namespace latchkey::crypto::breached
