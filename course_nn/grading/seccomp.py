"""The filter of system calls for a process that runs a learner's code, as a program for the kernel.

It names what Python and NumPy need once they are imported: memory, time, threads, waiting, reading
files (which ones, Landlock and bubblewrap decide). All else fails with "operation not permitted":
new processes and programs, sockets, signals to others, shared memory, changes of files' names,
owners and times, limits of other processes, tracing, mounting, namespaces, io_uring, bpf, keys ...

Source: "Seccomp BPF" in the documentation of the Linux kernel, userspace-api/seccomp_filter.
"""

import struct

# (x86-64, arm64); None where an architecture does without
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "futex": (202, 98),
    "read": (0, 63),
    "write": (1, 64),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "openat": (257, 56),
    "open": (2, None),
    "close": (3, 57),
    "newfstatat": (262, 79),
    "fstat": (5, 80),
    "stat": (4, None),
    "lstat": (6, None),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "lseek": (8, 62),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrusage": (98, 165),
    "alarm": (37, None),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "rseq": (334, 293),
    "arch_prctl": (158, None),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getcpu": (309, 168),
    "getrandom": (318, 278),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getrlimit": (97, 163),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
CLONE, FCNTL, IOCTL, PRLIMIT = (56, 220), (72, 25), (16, 29), (302, 261)
NEWEST = (
    435  # clone3; libraries do without this and all that came later, if told that it is missing
)

CLONE_THREAD = 0x10000
FCNTLS = (0, 1, 2, 3, 4, 1030)  # duplicate, flags; not the owner of a file, who gets its signals

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "AMD64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
X32 = 0x40000000  # system calls of the x32 variant of x86-64, which no list here names

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # where they are in what a program sees

ALLOW, KILL = 0x7FFF0000, 0x80000000
DENY, NO_TERMINAL, MISSING = 0x50000 | 1, 0x50000 | 25, 0x50000 | 38  # EPERM, ENOTTY, ENOSYS


def program(machine: str) -> bytes:
    """The filter for ``machine``, as `platform.machine` calls it.

    Raises:
        OSError: there is none for it.
    """
    if machine not in ARCHITECTURES:
        raise OSError(f"no filter of system calls is known for {machine}")
    column, audit = ARCHITECTURES[machine]

    def when(number: int, *then: bytes) -> bytes:
        return _step(_EQUAL, number, 0, len(then)) + b"".join(then)

    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, audit, 1, 0),
        _step(_RETURN, KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, X32, 0, 1),
        _step(_RETURN, KILL),
    ]
    for numbers in ALLOWED.values():
        number = numbers[column]
        if number is not None:
            steps.append(when(number, _step(_RETURN, ALLOW)))
    steps += [
        when(
            CLONE[column],
            _step(_LOAD, _argument(0)),
            _step(_ANY_BIT, CLONE_THREAD, 0, 1),
            _step(_RETURN, ALLOW),
            _step(_RETURN, DENY),
        ),
        when(
            FCNTL[column],
            _step(_LOAD, _argument(1)),
            *(step for n in FCNTLS for step in (_step(_EQUAL, n, 0, 1), _step(_RETURN, ALLOW))),
            _step(_RETURN, DENY),
        ),
        when(
            PRLIMIT[column],  # of this process
            _step(_LOAD, _argument(0)),
            _step(_EQUAL, 0, 0, 1),
            _step(_RETURN, ALLOW),
            _step(_RETURN, DENY),
        ),
        when(IOCTL[column], _step(_RETURN, NO_TERMINAL)),
        _step(_AT_LEAST, NEWEST, 0, 1),
        _step(_RETURN, MISSING),
        _step(_RETURN, DENY),
    ]
    return b"".join(steps)


def _argument(n: int) -> int:
    """Where the lower half of an argument is; both architectures are little-endian."""
    return 16 + 8 * n


def _step(code: int, value: int, true: int = 0, false: int = 0) -> bytes:
    """An instruction; ``true`` and ``false`` say how many to skip."""
    return struct.pack("<HBBI", code, true, false, value)
