"""Hold the rules of the regulation: pure functions of data, no input or output, no clock, no logging."""
