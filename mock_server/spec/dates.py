"""What is wrong with a text that should be a date, and the date that was intended where that is plain."""

import calendar
import re
from datetime import UTC, datetime

# The years that openapi.yaml takes.
_FIRST_YEAR, _LAST_YEAR = 1000, 2999
_DATE = re.compile(r"(?P<year>\d+)-(?P<month>\d+)-(?P<day>\d+)(?P<rest>.*)", re.DOTALL)
_TIME = re.compile(
    r"(?P<between>[ T])(?P<hour>\d{2}):(?P<minute>\d{2})(?P<seconds>:(?P<second>\d{2})(?:\.\d{1,9})?)?(?P<offset>.*)",
    re.DOTALL,
)
_OFFSET = re.compile(r"Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d")
# The Unix timestamps from 1973 on: in seconds, and from 12 digits on in milliseconds. Bounds and no ranges, because to
# look for a float in a range is to go through it.
_FIRST_TIMESTAMP, _FIRST_IN_MILLISECONDS, _END_OF_TIMESTAMPS = 10**8, 10**11, 10**14
_MOST_DIGITS = 14


def date_fault(text: str) -> tuple[str, str]:
    """Return what is wrong, in words, and the text that was intended, or an empty one."""
    if text != text.strip():
        return "there are blanks around it", text.strip()
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    if is_number and (intended := instant_of_timestamp(int(text))):
        return "this looks like a Unix timestamp", intended
    found = _DATE.fullmatch(text)
    if not found:
        return "the year, the month and the day must come first, in that order and with hyphens", ""
    year, month, day, rest = found.group("year", "month", "day", "rest")
    if len(year) != 4 or len(month) != 2 or len(day) != 2:
        return "the year needs four digits, the month and the day two each", ""
    return _day_fault(int(year), int(month), int(day)) or _time_fault(f"{year}-{month}-{day}", rest)


def instant_of_timestamp(number: float) -> str:
    """Return a Unix timestamp, in seconds or milliseconds, as the API takes an instant; empty for other numbers."""
    if not _FIRST_TIMESTAMP <= number < _END_OF_TIMESTAMPS:
        return ""
    if number >= _FIRST_IN_MILLISECONDS:
        number /= 1000
    return datetime.fromtimestamp(int(number), UTC).isoformat()[:19] + "Z"


def _day_fault(year: int, month: int, day: int) -> tuple[str, str] | None:
    if year > _LAST_YEAR:
        return f"the year is over {_LAST_YEAR}", ""
    if year < _FIRST_YEAR:
        return f"the year is before {_FIRST_YEAR}", ""
    if not 1 <= month <= 12:
        return f"there is no month {month}", ""
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return f"{calendar.month_name[month]} {year} has no day {day}", ""
    return None


def _time_fault(day: str, rest: str) -> tuple[str, str]:
    found = _TIME.fullmatch(rest)
    if not found:
        return "after the day comes nothing, or a blank or a T and the time as 16:15:00", ""
    hour, minute, second, offset = int(found["hour"]), int(found["minute"]), int(found["second"] or 0), found["offset"]
    if hour > 23 or minute > 59 or second > 59:
        return f"there is no time {found['hour']}:{found['minute']}:{found['second'] or '00'}", ""
    if not found["seconds"]:
        intended = f"{day}{found['between']}{found['hour']}:{found['minute']}:00"
        return "the seconds are missing", intended + offset if not offset or _OFFSET.fullmatch(offset) else ""
    if _OFFSET.fullmatch(offset.strip()):
        return "a blank stands before the offset", f"{day}T{rest[1:].removesuffix(offset)}{offset.strip()}"
    return f"'{offset}' is not an offset such as Z or +02:00", ""
