"""The disk under the embedded store that a test makes fail (tests/fault/README.md)."""

from .control_file import ControlFile


class FaultyDisk(ControlFile):
    """Of one server. Delays apart, `happened` says `operation file fault` of each."""

    variable = "LATCHKEY_TEST_DISK"
    missing = "disk that fails"
