#!/usr/bin/env python3
"""Writes the numbers of common passwords as a C++ file: common_passwords.py LISTS OUT.

LISTS is `frequency_lists.py` of Debian's python3-zxcvbn: passwords of leaks, the most common first. Only a number of each goes into the program, as
`number_of` of src/crypto/password/common_passwords.cpp computes it. Without LISTS the file has none.
"""

import runpy
import sys
from pathlib import Path


def number_of(text: str) -> int:
    """FNV-1a, 32 bits."""
    number = 2166136261
    for byte in text.encode():
        number = (number ^ byte) * 16777619 & 0xFFFFFFFF
    return number


def main() -> int:
    *lists, out = sys.argv[1:]
    passwords = runpy.run_path(lists[0])["FREQUENCY_LISTS"]["passwords"] if lists else []
    numbers = sorted({number_of(word.lower()) for word in passwords if len(word) >= 8})
    rows = ["    " + ", ".join(f"{number:#x}" for number in numbers[at:at + 12]) + ",\n" for at in range(0, len(numbers), 12)]
    Path(out).write_text(
        '#include "crypto/password/common_passwords.h"\n\nnamespace latchkey::crypto::password {\nnamespace {\n\n'
        f"constexpr std::array<std::uint32_t, {len(numbers)}> numbers = {{\n{''.join(rows)}}};\n\n"
        "}  // namespace\n\nconst std::span<const std::uint32_t> common_password_numbers = numbers;\n\n"
        "}  // namespace latchkey::crypto::password\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
