"""Give up, for the rest of a process, what reading one file does not need: network, programs, writing.

A seccomp filter holds for native code too, needs no rights, and cannot be taken back. Where the machine has none
(another system or processor), the limits of `setrlimit` and the container's own walls remain.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_MODE_FILTER = 2

_LOAD = 0x20
_JUMP_IF_EQUAL = 0x15
_JUMP_IF_AT_LEAST = 0x35
_JUMP_IF_ANY_BIT = 0x45
_RETURN = 0x06
_ALLOW = 0x7FFF0000
_DENY = 0x00050000 | errno.EPERM
# On x86-64 every call has a second number, of the 32-bit kind, from here on.
_OTHER_NUMBERS = 0x40000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Audit architecture, numbers of the calls denied, and those of open and openat with the place of their flags.
# A pair of sockets joined to each other stays allowed: the checker of signatures runs an event loop, which makes one.
_X86_64 = (
    0xC000003E,
    (
        41, 42, 43, 46, 47, 49, 50, 56, 57, 58, 59, 62, 76, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 94, 101,
        133, 155, 161, 165, 188, 200, 234, 258, 259, 260, 263, 264, 265, 266, 268, 288, 310, 311, 316, 321, 322, 323,
        424, 425, 426, 427, 435, 437, 438, 452,
    ),
    ((2, 1), (257, 2)),
)  # fmt: skip
_AARCH64 = (
    0xC00000B7,
    (
        5, 33, 34, 35, 36, 37, 38, 40, 45, 51, 52, 53, 54, 55, 117, 129, 130, 131, 198, 200, 201, 202, 203, 207, 211,
        212, 220, 221, 242, 270, 271, 276, 280, 281, 282, 424, 425, 426, 427, 435, 437, 438, 452,
    ),
    ((56, 2),),
)  # fmt: skip
_MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}


def confine() -> bool:
    """Deny the calling process network, new processes, signals and every change of files; tell whether it took."""
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    program = _program(*machine)
    buffer = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(prctl(_PR_SET_SECCOMP, _MODE_FILTER, described, 0, 0) == 0)


def _program(architecture: int, denied: tuple[int, ...], opening: tuple[tuple[int, int], ...]) -> bytes:
    """Write the filter: each step is a code, where to go when true and false, and a value."""
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _DENY),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_AT_LEAST, 0, 1, _OTHER_NUMBERS),
        (_RETURN, 0, 0, _DENY),
    ]
    for number in denied:
        steps += [(_JUMP_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _DENY)]
    for number, place in opening:
        steps += [
            (_JUMP_IF_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _ARGUMENTS + 8 * place),
            (_JUMP_IF_ANY_BIT, 0, 1, _WRITING),
            (_RETURN, 0, 0, _DENY),
            (_RETURN, 0, 0, _ALLOW),
        ]
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)
