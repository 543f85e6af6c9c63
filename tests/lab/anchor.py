# SPDX-License-Identifier: GPL-2.0-or-later
"""The first process of one machine of the lab: makes its namespaces, reaps orphans, dies with the lab.

Usage: anchor.py LAB_PID HOSTNAME MOUNTS, where MOUNTS is a JSON list of ["bind", source, target] and
["tmpfs", target, options]. Prints the pid of the machine's first process once everything is mounted.
Killing that process kills, by the kernel, everything that runs on the machine.
"""
import json
import os
import signal
import socket
import sys

import kernel


def set_up(hostname, mounts):
    kernel.make_private()
    kernel.mount("proc", "/proc", "proc")
    kernel.mount("sysfs", "/sys", "sysfs")
    socket.sethostname(hostname)
    for kind, *words in mounts:
        if kind == "bind":
            kernel.bind(*words)
        else:
            kernel.mount("tmpfs", words[0], "tmpfs", options=words[1])


def reap_for_ever():
    while True:
        signal.sigwait({signal.SIGCHLD})
        try:
            while os.waitpid(-1, os.WNOHANG)[0] > 0:
                pass
        except ChildProcessError:
            pass


def first_process(ready, hostname, mounts):
    kernel.die_with_parent()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    set_up(hostname, mounts)
    os.write(ready, b"+")
    os.close(ready)
    for fd in (0, 1):
        os.close(fd)
    reap_for_ever()


def main():
    lab, hostname, mounts = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    kernel.die_with_parent()
    if os.getppid() != lab:
        sys.exit("the lab is gone")
    kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_HOSTNAME | kernel.NEW_IPC | kernel.NEW_PIDS |
                   kernel.NEW_NETWORK)
    wait, ready = os.pipe()
    child = os.fork()
    if child == 0:
        first_process(ready, hostname, mounts)
    os.close(ready)
    if os.read(wait, 1):
        print(child, flush=True)
    os.waitpid(child, 0)


main()
