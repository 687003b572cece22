"""How severe a log record is: a number, and a name."""

import enum


class SeverityNumber(enum.IntEnum):
    """OpenTelemetry's ``SeverityNumber`` as an integer, equal to that class's members."""

    UNSPECIFIED = 0
    TRACE = 1
    TRACE2 = 2
    TRACE3 = 3
    TRACE4 = 4
    DEBUG = 5
    DEBUG2 = 6
    DEBUG3 = 7
    DEBUG4 = 8
    INFO = 9
    INFO2 = 10
    INFO3 = 11
    INFO4 = 12
    WARN = 13
    WARN2 = 14
    WARN3 = 15
    WARN4 = 16
    ERROR = 17
    ERROR2 = 18
    ERROR3 = 19
    ERROR4 = 20
    FATAL = 21
    FATAL2 = 22
    FATAL3 = 23
    FATAL4 = 24

    def __eq__(self, other: object) -> bool:
        """Compare with a number, or with a member of OpenTelemetry's class."""
        return int(self) == (other.value if isinstance(other, enum.Enum) else other)

    def __ne__(self, other: object) -> bool:
        """Compare as ``==`` does."""
        return not self == other

    def __hash__(self) -> int:
        """Hash as the number does."""
        return int.__hash__(self)
