"""The law of industrial land supervision as pure functions: no I/O, no clock, no `async`."""
