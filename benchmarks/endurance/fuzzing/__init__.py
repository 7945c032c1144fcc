"""The parts of `fuzz`: calls, how they are broken and sent, and the state that must follow."""
