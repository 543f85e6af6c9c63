#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of tests/check, in order; every test of every step is counted in one summary."""
import argparse
import glob
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
MARK = f"REGHA_CHECK={os.getpid()}"
JOBS = str(os.cpu_count() or 2)
C_FOLDERS = ("supervisord", "vrrp", "probes", "registry-launcher", "tests")


class Summary:
    def __init__(self):
        self.passed, self.failures, self.skips = 0, [], []
        self.begun = time.monotonic()

    def ok(self, name, text=""):
        self.passed += 1
        print(f"  ok {name}{': ' + text if text else ''}", flush=True)

    def fail(self, name, text):
        self.failures.append((name, text))
        print(f"  FAILED {name}: {text}", flush=True)

    def skip(self, name, reason):
        self.skips.append((name, reason))
        print(f"  skipped {name}: {reason}", flush=True)

    def finish(self):
        minutes, seconds = divmod(int(time.monotonic() - self.begun), 60)
        print(f"\n== summary, {minutes} min {seconds} s", flush=True)
        for name, reason in self.skips:
            print(f"skipped {name}: {reason}")
        for name, text in self.failures:
            print(f"FAILED {name}: {text}")
        print(f"{self.passed} passed, {len(self.failures)} failed, {len(self.skips)} skipped", flush=True)
        return 1 if self.failures else 0


def environment():
    clean = {key: value for key, value in os.environ.items() if key not in ("CFLAGS", "CXXFLAGS", "LDFLAGS", "CC")}
    return {**clean, "REGHA_CHECK": MARK.partition("=")[2], "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:" +
            os.environ.get("PATH", "")}


def end(process):
    """All of its session; what does not listen is killed."""
    for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 20)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
            return
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def run(argv, seconds, on_line=None, **options):
    """(status, output); `on_line` sees each line as it comes. A step that hangs is ended."""
    process = subprocess.Popen([str(word) for word in argv], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                               start_new_session=True, env={**environment(), **options})
    late = threading.Event()
    alarm = threading.Timer(seconds, lambda: (late.set(), end(process)))
    alarm.start()
    output = []
    try:
        for line in process.stdout:
            output.append(line)
            if on_line:
                on_line(line.rstrip("\n"))
        process.wait()
    except BaseException:
        end(process)
        raise
    finally:
        alarm.cancel()
    if late.is_set():
        output.append(f"no end within {seconds} s\n")
    return 124 if late.is_set() else process.returncode, "".join(output)


def last(output, lines=15):
    return "\n    ".join([""] + output.strip().splitlines()[-lines:])


def command(summary, name, argv, seconds=300, **options):
    status, output = run(argv, seconds, **options)
    if status == 0:
        summary.ok(name)
    else:
        summary.fail(name, f"status {status}{last(output)}")
    return status == 0


def fresh_if_changed(folder, compiler):
    """CMake forgets the options of the command line when the compiler of a folder is changed."""
    try:
        cache = (ROOT / folder / "CMakeCache.txt").read_text()
    except OSError:
        return
    if not re.search(rf"^CMAKE_C_COMPILER:\w+=(.*/)?{re.escape(compiler)}$", cache, re.M):
        print(f"  {folder} was made with another compiler: made anew", flush=True)
        shutil.rmtree(ROOT / folder)


def build(summary, folder, compiler, *options):
    fresh_if_changed(folder, compiler)
    configured = run(["cmake", "-G", "Ninja", "-B", folder, "-S", ".", f"-DCMAKE_C_COMPILER={compiler}",
                      f"-DPython3_EXECUTABLE={PYTHON}", *options], 120)
    status, output = configured if configured[0] else run(["cmake", "--build", folder, "-j", JOBS], 900)
    if status:
        summary.fail(f"build {folder}", last(output, 25))
    else:
        summary.ok(f"build {folder}", compiler + (" " + " ".join(options) if options else ""))
    return status == 0


CTEST_LINE = re.compile(r"Test +#\d+: (\S+) \.+\s*(\S.*?)\s+[\d.]+ sec")


def unit_tests(summary, folder, label, *selection):
    status, output = run(["ctest", "--test-dir", folder, "-j", JOBS, "--output-on-failure", *selection], 1200,
                         UBSAN_OPTIONS="print_stacktrace=1")
    found = CTEST_LINE.findall(output)
    for name, result in found:
        if "Passed" in result:
            summary.passed += 1
        elif "Skipped" in result or "Disabled" in result:
            summary.skip(f"{label} {name}", result.strip("* "))
        else:
            summary.fail(f"{label} {name}", result.strip("* "))
    if status or not found:
        print(last(output, 60))
    if not found:
        summary.fail(label, "no test was found")
    print(f"  {len(found)} tests of {folder}", flush=True)


def files(*patterns):
    return sorted({path for pattern in patterns for path in glob.glob(str(ROOT / pattern), recursive=True)
                   if not path.startswith(str(ROOT / "build"))})


def is_shell(path):
    try:
        with open(path, "rb") as file:
            return re.match(rb"#!\s*/(usr/)?bin/(env )?(ba|da)?sh\b", file.readline()) is not None
    except OSError:
        return False


def lint(summary):
    sources = files(*(f"{folder}/**/*.[ch]" for folder in C_FOLDERS))
    command(summary, "lint format", ["clang-format", "--dry-run", "-Werror", *sources])
    command(summary, "lint style", [PYTHON, "tests/lint/style_lint.py", "."])
    scripts = [path for path in files(".ci/*", "tests/*", "tests/**/*", "etc/**/*", "supervisord/**/*")
               if os.path.isfile(path) and is_shell(path)]
    command(summary, "lint shell scripts", ["shellcheck", *scripts])
    compile_all = "import sys, ast; [ast.parse(open(p).read(), p) for p in sys.argv[1:]]"
    command(summary, "lint python syntax", [PYTHON, "-c", compile_all, *files("tests/**/*.py")])
    pages = files("man/*.[1-8]")
    if pages:
        command(summary, "lint manual pages", ["mandoc", "-T", "lint", "-W", "warning", *pages])
    else:
        summary.skip("lint manual pages", "there are none")


def deep_lint(summary):
    command(summary, "lint cppcheck", ["cppcheck", "--enable=warning,performance,portability", "--inline-suppr",
                                       "--std=c11", "--error-exitcode=1", "--quiet", "-j", JOBS, "-I.", "-Isupervisord",
                                       "-D_GNU_SOURCE", '-DREGHA_VERSION="x"', "--suppress=missingIncludeSystem",
                                       *C_FOLDERS[:-1]], 600)


RESULT_LINE = re.compile(r"^(ok|FAILED|SKIPPED) (.+?)(?:: (.*))?$")


class Parts:
    """Lines of a scenario, one per part; each one counts."""

    def __init__(self, summary, label):
        self._summary, self._label = summary, label
        self.failed = self.counted = 0

    def line(self, line):
        match = RESULT_LINE.match(line)
        if not match:
            if line.startswith(("NOTE", "    starting", "    building")):
                print(f"  {line.strip()}", flush=True)
            return
        word, part, text = match.groups()
        self.counted += 1
        self.failed += word == "FAILED"
        report = {"ok": self._summary.ok, "SKIPPED": self._summary.skip, "FAILED": self._summary.fail}[word]
        report(self._label + part, text or "")


def scenario(summary, path, seconds, label="", words=(), **options):
    """A program that prints a line per part."""
    name = f"{label}{pathlib.Path(path).parent.name}/{pathlib.Path(path).stem}"
    print(f"-- {name}", flush=True)
    parts = Parts(summary, label)
    status, output = run([PYTHON, path, *words], seconds, parts.line, **options)
    if parts.failed:
        print(last(output, 60))
    if (status and not parts.failed) or not parts.counted:
        summary.fail(name, f"status {status}{last(output, 30)}")


def lab(summary, only):
    for path in files("tests/lab/*_test.py"):
        if not only or only in path:
            scenario(summary, path, 600, REGHA_LAB_SECONDS="30")


def distribution_lab(summary, only):
    """One of each kind of fault with Distribution 3 in the place of Debian's docker-registry 2.8."""
    for name, part in (("failover_test.py", "failover power-off"), ("kill_test.py", "kill registry")):
        if not only or only in name:
            scenario(summary, ROOT / "tests/lab" / name, 300, "distribution 3: ", ("--only", part), REGHA_LAB_REGISTRY="3")


def boot(summary, only):
    """Machines with a real systemd, one after the other."""
    if not only:
        unit_tests(summary, "build", "unit", "-R", "^boot/")
    path = ROOT / "tests/boot/run.py"
    if only and only not in str(path):
        return
    if path.exists():
        scenario(summary, path, 600, "boot/")
    else:
        summary.skip("boot", "tests/boot/run.py is not there")


def sanitized_lab(summary, only):
    """Wrong input and process kills once more, with the daemons built under ASan and UBSan."""
    for name in ("wrong_input_test.py", "kill_test.py"):
        path = ROOT / "tests/lab" / name
        if path.exists() and (not only or only in str(path)):
            scenario(summary, path, 900, "sanitized ", REGHA_BUILD=str(ROOT / "build-asan"),
                     REGHA_LAB_SECONDS="15")


def snapshot():
    mounts = {line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()}
    namespaces = set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else set()
    return mounts, namespaces


def nothing_left(summary, before):
    left = []
    mark = MARK.encode()
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and int(entry) != os.getpid() and \
                    mark in pathlib.Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                left.append(f"process {entry} {pathlib.Path(f'/proc/{entry}/comm').read_text().strip()}")
        except OSError:
            pass
    mounts, namespaces = snapshot()
    left += [f"mount {path}" for path in mounts - before[0] if "regha" in path]
    left += [f"network namespace {name}" for name in namespaces - before[1] if "regha" in name]
    if left:
        summary.fail("nothing is left over", ", ".join(left[:8]))
    else:
        summary.ok("nothing is left over")


def steps(summary, options):
    only = options.only
    print("== build", flush=True)
    built = build(summary, "build", "gcc")
    if not only:
        print("== unit tests", flush=True)
        if built:
            unit_tests(summary, "build", "unit", "-E", "^(lab|boot)/" if options.quick else "^boot/")
        print("== lint", flush=True)
        lint(summary)
    if options.quick:
        return
    asan = build(summary, "build-asan", "gcc", "-DREGHA_SANITIZE=ON")
    if not only:
        if build(summary, "build-clang", "clang", "-DREGHA_FUZZ=ON"):
            unit_tests(summary, "build-clang", "fuzz", "-R", "^fuzz/")
        if asan:
            unit_tests(summary, "build-asan", "sanitized", "-E", "^boot/")
        deep_lint(summary)
    print("== lab", flush=True)
    if os.geteuid() != 0:
        summary.skip("lab and boot", "needs root")
        return
    if built:
        lab(summary, only)
        distribution_lab(summary, only)
        boot(summary, only)
    if asan:
        sanitized_lab(summary, only)


def main():
    parser = argparse.ArgumentParser(description="All tests of regha.")
    parser.add_argument("--quick", action="store_true", help="build, unit tests and lint only")
    parser.add_argument("--only", help="only lab and boot scenarios whose path contains this")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    summary, before = Summary(), snapshot()
    try:
        steps(summary, options)
        nothing_left(summary, before)
    except KeyboardInterrupt:
        summary.fail("check", "interrupted")
    sys.exit(summary.finish())


main()
