"""JSON pointers: how a step is written, and what steps one has."""


def escape(step: str) -> str:
    """Return a step of a JSON pointer as it is written."""
    return step.replace("~", "~0").replace("/", "~1")


def steps_of(pointer: str) -> list[str]:
    """Return the steps of a JSON pointer, unescaped."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
