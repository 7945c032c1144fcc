"""Text functions that commands, reports and pages share."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 finding` or `1,200 findings`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def printable(text: str, *, keep: str = "") -> str:
    """Replace the control characters of a text, which could control a terminal, except those in `keep`."""
    return "".join(character if character.isprintable() or character in keep else "\ufffd" for character in text)
