#!/usr/bin/env python3
"""without.py PROGRAM [ARG…]: runs a program as on a kernel that has neither Landlock (ENOSYS) nor seccomp (EINVAL).

x86-64 only; elsewhere it ends with 77.
"""
import ctypes
import errno
import os
import platform
import struct
import sys

LANDLOCK_CREATE_RULESET, SECCOMP, PRCTL = 444, 317, 157
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD, EQUAL, RETURN, ALLOW, ERRNO = 0x20, 0x15, 0x06, 0x7fff0000, 0x00050000


def main():
    if platform.machine() != "x86_64":
        return 77
    program = b"".join(struct.pack("HBBI", *x) for x in (
        (LOAD, 0, 0, 0),  # the call's number
        (EQUAL, 5, 0, LANDLOCK_CREATE_RULESET),
        (EQUAL, 3, 0, SECCOMP),
        (EQUAL, 0, 4, PRCTL),
        (LOAD, 0, 0, 16),  # its first argument
        (EQUAL, 0, 2, PR_SET_SECCOMP),
        (RETURN, 0, 0, ERRNO | errno.EINVAL),
        (RETURN, 0, 0, ERRNO | errno.ENOSYS),
        (RETURN, 0, 0, ALLOW)))
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program)
    fprog = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(fprog), 0, 0) != 0:
        return 77
    os.execv(sys.argv[1], sys.argv[1:])
    return 1


if __name__ == "__main__":
    sys.exit(main())
