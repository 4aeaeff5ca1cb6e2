"""Run a real Camunda 8.6.0 with OpenSearch on loopback, without Java, Maven or Docker on the machine.

`stack.Stack` starts, supervises and stops it; `tasklist`, `operate` and `zeebe_rest` talk to it as staff,
operators and tests do. Production code never imports this package.
"""
