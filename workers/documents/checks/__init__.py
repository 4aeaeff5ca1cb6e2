"""Look into one file of a known type. Everything here runs inside the sandbox and may crash or be killed."""
