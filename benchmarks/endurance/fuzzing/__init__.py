"""The parts of `fuzz`: calls, how they are broken, how they are sent, and what must be stored after them."""
