"""Named places of the program where a test ends or holds it (tests/fault/README.md)."""

from .control_file import ControlFile


class Points(ControlFile):
    """Of one server. A line is `POINT die|hold [after=N]`."""

    variable = "LATCHKEY_TEST_POINTS"
    missing = "named points"
