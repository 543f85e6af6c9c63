#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Probes against what they are for: a real MinIO and real docker-registries, frozen, absent, taken for one
another, behind TLS and passwords; and against a resolver that never answers.

real_test.py PRINT runs in network and mount namespaces of its own (root), and prints a line per claim. Exit status
1: a claim failed; 77: skipped, with the reason.
"""
import collections, os, pathlib, shutil, signal, socket, ssl, struct, subprocess, sys, tempfile, threading, time
import urllib.error, urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
SKIPPED = 77
RESOLVER, NAMED = "192.0.2.53", "registry.example"
ACCOUNT = {"MINIO_ROOT_USER": "probe-test", "MINIO_ROOT_PASSWORD": "probe-test-password"}
Line = collections.namedtuple("Line", "name health outcome reason depth us text at")


class Failed(Exception):
    pass


class Printer:
    """The C program under test; its lines as they come."""

    def __init__(self, program, *probes):
        self.process = subprocess.Popen([program, *probes], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines, self.end = [], None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for text in self.process.stdout:
            words = text.rstrip("\n").split(" ", 6)
            if words[0] == "end":
                self.end = words
            else:
                self.lines.append(Line(*words, time.monotonic()))

    def wait(self, name, claim, seconds=10.0, **fields):
        """The first line of `name` from now on that has these fields; `text` only has to contain it."""
        begun, seen = time.monotonic(), None
        text = fields.pop("text", "")
        while time.monotonic() < begun + seconds:
            for line in self.lines[::-1]:
                if line.at < begun or line.name != name:
                    continue
                seen = line
                if text in line.text and all(getattr(line, key) == value for key, value in fields.items()):
                    print(f"  ok {claim}: {line.health}, {line.text}", flush=True)
                    return line
            time.sleep(0.01)
        raise Failed(f"{claim}: wanted {fields} {text!r}, last was {seen}")

    def status(self, key):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise Failed(f"no {key}")

    def cpu_s(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.stdin.close()
        status = self.process.wait(10)
        self.reader.join(5)
        if status != 0 or self.end is None:
            raise Failed(f"print ended with {status}")
        return int(self.end[1]), int(self.end[2]) / 1000, " ".join(self.end[3:])


class Stage:
    def __init__(self, program):
        self.program, self.children = program, []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="regha-probes-"))

    def spawn(self, name, *argv, **environment):
        log = open(self.folder / f"{name}.log", "ab")
        child = subprocess.Popen(["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", *argv], stdin=subprocess.DEVNULL,
                                 stdout=log, stderr=log, env={"PATH": os.environ["PATH"], "HOME": str(self.folder),
                                                              **environment})
        self.children.append(child)
        return child

    def registry(self, name, port, storage, extra=""):
        path = self.folder / f"{name}.yml"
        path.write_text(f"version: 0.1\nlog: {{level: error}}\nstorage:\n{storage}\nhttp:\n  addr: 127.0.0.1:{port}\n"
                        f"{extra}")
        import registry  # the lab's: Debian's, or Distribution 3 where REGHA_LAB_REGISTRY=3
        return self.spawn(name, registry.Registry().path, "serve", str(path), OTEL_TRACES_EXPORTER="none")

    def clean(self):
        for child in self.children:
            child.kill()
            child.wait()
        shutil.rmtree(self.folder)


def ask(method, url, body=None, headers=(), seconds=5):
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)


def push_nothing(base):
    """An image of no layers, by the registry's own API."""
    digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # of {}
    _, headers = ask("POST", f"{base}/v2/library/any/blobs/uploads/", b"")
    _, headers = ask("PATCH", headers["Location"], b"{}", {"Content-Type": "application/octet-stream"})
    place = headers["Location"]
    ask("PUT", place + ("&" if "?" in place else "?") + "digest=" + digest, b"")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    body = ('{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.docker.container.image.v1+json",'
            '"size":2,"digest":"%s"},"layers":[]}' % (kind, digest)).encode()
    status, _ = ask("PUT", f"{base}/v2/library/any/manifests/latest", body, {"Content-Type": kind})
    if status != 201:
        raise Failed(f"the registry took no manifest: {status}")


def storage_and_registry(stage, minio):
    drive = stage.folder / "drive"
    drive.mkdir()
    s3 = ("  s3: {region: us-east-1, regionendpoint: 'http://127.0.0.1:9000', bucket: registry, secure: false,\n"
          f"       accesskey: {ACCOUNT['MINIO_ROOT_USER']}, secretkey: {ACCOUNT['MINIO_ROOT_PASSWORD']}}}")
    minio_url = "url=http://127.0.0.1:9000 type=minio interval=200ms timeout=150ms"
    probes = [f"name={check} check={check} {minio_url}" for check in ("live", "ready", "cluster", "cluster-read",
                                                                      "maintenance")]
    probes += ["name=port type=tcp url=tcp://127.0.0.1:9000 interval=200ms timeout=150ms",
               "name=read type=registry url=http://127.0.0.1:5000 read=library/any interval=200ms timeout=1s",
               "name=swapped-minio type=minio url=http://127.0.0.1:5000 interval=200ms",
               "name=swapped-registry type=registry url=http://127.0.0.1:9000 interval=200ms"]
    printer = Printer(stage.program, *probes)
    for name in ("live", "cluster", "port", "read"):
        printer.wait(name, f"nobody listens, {name}", health="down", reason="refused")

    server = stage.spawn("minio", minio, "server", "--quiet", "--address", "127.0.0.1:9000", "--console-address",
                         "127.0.0.1:9001", str(drive), **ACCOUNT)
    printer.wait("live", "MinIO lives", 30, health="up", text="200 in")
    printer.wait("ready", "MinIO is ready", 30, health="up")
    printer.wait("cluster", "MinIO has write quorum", 30, health="up", text="write quorum 1")
    printer.wait("cluster-read", "MinIO has read quorum", 30, health="up", text="read quorum 1")
    printer.wait("maintenance", "the only node may not leave", 10, health="down", text="may not leave")
    printer.wait("port", "its port takes connections", health="up", text="connected in")
    printer.wait("swapped-registry", "MinIO is no registry", health="down", reason="content", text="MinIO")

    bucket = subprocess.run(["/usr/bin/curl", "-sf", "--aws-sigv4", "aws:amz:us-east-1:s3", "-u",
                             ":".join(ACCOUNT.values()), "-X", "PUT", "http://127.0.0.1:9000/registry"])
    if bucket.returncode != 0:
        raise Failed("no bucket")
    registry = stage.registry("registry", 5000, s3)
    printer.wait("read", "an empty registry on it answers a read", 20, health="up", text="404 in")
    push_nothing("http://127.0.0.1:5000")
    printer.wait("read", "a manifest is read", health="up", text="200 in")
    printer.wait("swapped-minio", "a registry is no MinIO", health="down", reason="content")

    server.send_signal(signal.SIGSTOP)
    printer.wait("live", "MinIO is frozen", health="down", reason="timeout", text="no answer in 150 ms")
    printer.wait("cluster", "that says nothing of the cluster", health="up", outcome="unknown")
    printer.wait("port", "its kernel still takes connections", health="up")
    printer.wait("read", "/v2/ is well while the read hangs", 15, health="down", text="/v2/ is well, the read hangs")
    server.send_signal(signal.SIGCONT)
    printer.wait("live", "MinIO thaws", health="up")
    printer.wait("read", "and with it the read", 60, health="up", text="200 in")
    registry.send_signal(signal.SIGSTOP)
    printer.wait("read", "the registry is frozen", 15, health="down", text="connected, but no answer in 1 s")
    registry.kill()
    printer.wait("read", "the registry is killed", health="down", reason="refused")
    server.kill()
    printer.wait("live", "MinIO is killed", health="down", reason="refused")
    return printer.stop()


def certificate(stage, name):
    paths = stage.folder / f"{name}.key", stage.folder / f"{name}.pem"
    subprocess.run(["/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    paths[0], "-out", paths[1]], check=True, capture_output=True)
    return paths


def doors(stage):
    """Registries that want TLS or a password; files suffice for storage."""
    key, pem = certificate(stage, "tls")
    _, other = certificate(stage, "other")
    trusted = stage.folder / "trusted"  # by the system, for this one's mount namespace
    trusted.mkdir()
    shutil.copy(pem, trusted)
    subprocess.run(["/usr/bin/openssl", "rehash", trusted], check=True)
    subprocess.run(["/usr/bin/mount", "--bind", trusted, "/etc/ssl/certs"], check=True)
    files = f"  filesystem: {{rootdirectory: {stage.folder}/files}}"
    stage.registry("tls", 5001, files, f"  tls: {{certificate: {pem}, key: {key}}}\n")
    (stage.folder / "htpasswd").write_text("")
    stage.registry("auth", 5002, files, f"auth: {{htpasswd: {{realm: lab, path: {stage.folder}/htpasswd}}}}\n")
    fast = "type=registry interval=200ms timeout=1s"
    printer = Printer(stage.program, f"name=trusted url=https://127.0.0.1:5001 ca_file={pem} {fast}",
                      f"name=unverified url=https://127.0.0.1:5001 tls_verify=false {fast}",
                      f"name=system url=https://127.0.0.1:5001 {fast}",
                      f"name=untrusted url=https://127.0.0.1:5001 ca_file={other} {fast}",
                      f"name=other-name url=https://localhost:5001 ca_file={pem} {fast}",
                      f"name=no-file url=https://127.0.0.1:5001 ca_file=/nonexistent.pem {fast}",
                      f"name=plain url=http://127.0.0.1:5001 {fast}", f"name=tls-on-plain url=https://127.0.0.1:5002 {fast}",
                      f"name=auth url=http://127.0.0.1:5002 {fast}")
    printer.wait("trusted", "TLS with our own certificate", 20, health="up", text="404 in")
    printer.wait("system", "TLS with one the system trusts", health="up")
    printer.wait("unverified", "TLS without a look at it", health="up")
    printer.wait("untrusted", "TLS with one nobody knows", health="down", reason="tls", text="self-signed")
    printer.wait("other-name", "TLS with one for another name", health="down", reason="tls", text="subject name")
    printer.wait("no-file", "a CA file that is not there", health="down", reason="tls", text="/nonexistent.pem")
    printer.wait("plain", "HTTP to a TLS port", health="down", reason="content", text="wants https")
    printer.wait("tls-on-plain", "TLS to an HTTP port", health="down", reason="tls")
    printer.wait("auth", "a registry that asks for credentials", 20, health="up", depth="shallow", text="nothing was read")
    subprocess.run(["/usr/bin/umount", "/etc/ssl/certs"], check=True)
    return printer.stop()


class Resolver(threading.Thread):
    """Hears every question, and answers with 127.0.0.1 once it is told to."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((RESOLVER, 53))
        self.answering, self.heard = False, 0

    def run(self):
        while True:
            question, sender = self.socket.recvfrom(512)
            self.heard += 1
            if not self.answering:
                continue
            end = question.index(b"\0", 12) + 5
            wants_v4 = question[end - 4:end - 2] == b"\0\1"
            head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, int(wants_v4), 0, 0) + question[12:end]
            record = struct.pack("!HHHIH4s", 0xc00c, 1, 1, 60, 4, socket.inet_aton("127.0.0.1")) if wants_v4 else b""
            self.socket.sendto(head + record, sender)


def dead_resolver(stage, resolver):
    files = f"  filesystem: {{rootdirectory: {stage.folder}/files}}"
    stage.registry("named", 5003, files)
    resolver.answering = False
    fast = "interval=100ms timeout=80ms"
    printer = Printer(stage.program, f"name=numeric type=registry url=http://127.0.0.1:5003 {fast}",
                      f"name=named type=registry url=http://{NAMED}:5003 {fast}",
                      f"name=named-port type=tcp url=tcp://{NAMED}:5003 {fast}",
                      f"name=named-cluster type=minio check=cluster url=http://{NAMED}:5003 {fast}")
    printer.wait("numeric", "who has a number is asked", 20, health="up")
    printer.wait("named", "no answer from the resolver", health="down", reason="resolve", text="not resolved in ")
    printer.wait("named-port", "nor for a port", health="down", reason="resolve", text="not resolved in ")
    printer.wait("named-cluster", "which says nothing of a cluster", outcome="unknown", text="not resolved in")
    begun, most = time.monotonic(), 0
    while time.monotonic() < begun + 4:
        most = max(most, printer.status("Threads"))
        time.sleep(0.05)
    attempts = sum(line.name.startswith("named") for line in printer.lines)
    if most > 4 or resolver.heard == 0:
        raise Failed(f"{most} threads, {resolver.heard} questions")
    print(f"  ok {attempts} attempts with a name waited on at most {most - 1} lookups", flush=True)
    resolver.answering = True
    printer.wait("named", "the resolver is back", 15, health="up", text="404 in")
    printer.wait("named-port", "for the port too", 15, health="up", text="connected in")
    return printer.stop()


def stopped(stage):
    """Who was stopped has missed deadlines, and blames nobody; the loop rightly counts each stop as a stall."""
    files = f"  filesystem: {{rootdirectory: {stage.folder}/files}}"
    registry = stage.registry("awake", 5005, files)
    printer = Printer(stage.program, "name=numeric type=registry url=http://127.0.0.1:5005 interval=100ms timeout=80ms")
    printer.wait("numeric", "before", 20, health="up")
    for _ in range(10):
        registry.send_signal(signal.SIGSTOP)  # so that an attempt is likely to be on its way
        time.sleep(0.05)
        printer.process.send_signal(signal.SIGSTOP)
        registry.send_signal(signal.SIGCONT)
        time.sleep(0.3)
        printer.process.send_signal(signal.SIGCONT)
        time.sleep(0.3)
    blamed = [line for line in printer.lines if line.name == "numeric" and line.outcome == "failure"]
    excused = [line for line in printer.lines if line.name == "numeric" and line.outcome == "unknown"]
    if blamed[1:] or printer.lines[-1].health != "up":
        raise Failed(f"after being stopped: {blamed}")
    print(f"  ok stopped 10 times: {len(excused)} attempts say nothing, {len(blamed)} blame the server", flush=True)
    printer.stop()
    return 0, 0, "none"


def idle_cost(stage):
    """Four probes a second, as a node has them, for a while."""
    files = f"  filesystem: {{rootdirectory: {stage.folder}/files}}"
    stage.registry("idle", 5004, files)
    printer = Printer(stage.program, "name=read type=registry url=http://127.0.0.1:5004",
                      "name=port type=tcp url=tcp://127.0.0.1:5004", "name=page type=http url=http://127.0.0.1:5004/",
                      "name=read-again type=registry url=http://127.0.0.1:5004")
    printer.wait("read", "the registry to measure with", 20, health="up")
    begun, cpu = time.monotonic(), printer.cpu_s()
    time.sleep(12)
    percent = 100 * (printer.cpu_s() - cpu) / (time.monotonic() - begun)
    print(f"  ok four probes a second: {percent:.2f} % of a core, {printer.status('VmRSS') / 1024:.1f} MB, "
          f"{printer.status('Threads')} thread(s)", flush=True)
    if percent > 2:
        raise Failed("four probes a second cost more than 2 % of a core")
    return printer.stop()


def chapter(run, *arguments):
    """Up to twice more if the loop stalled: another program may have had the processor, ours would stall again."""
    for attempt in range(3):
        print(f"{run.__name__}:", flush=True)
        stage = Stage(sys.argv[1])
        try:
            stalls, worst_ms, name = run(stage, *arguments)
        except BaseException:
            for log in stage.folder.glob("*.log"):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-6000:]}")
            raise
        finally:
            stage.clean()
        print(f"  {stalls} callbacks over 20 ms{f', the worst {worst_ms} ms in {name}' if stalls else ''}", flush=True)
        if stalls == 0:
            return
    raise Failed(f"{run.__name__}: {name} took {worst_ms} ms")


def inside(minio):
    subprocess.run(["/usr/sbin/ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["/usr/sbin/ip", "address", "add", f"{RESOLVER}/32", "dev", "lo"], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".resolv") as file:
        file.write(f"nameserver {RESOLVER}\noptions timeout:2 attempts:5\n")
        file.flush()
        subprocess.run(["/usr/bin/mount", "--bind", file.name, "/etc/resolv.conf"], check=True)
        resolver = Resolver()
        resolver.start()
        chapter(dead_resolver, resolver)
        chapter(stopped)
        chapter(doors)
        chapter(idle_cost)
        chapter(storage_and_registry, minio)


def main():
    if os.geteuid() != 0:
        print("skipped: needs root for namespaces of its own")
        return SKIPPED
    if "--inside" not in sys.argv:
        os.execv("/usr/bin/unshare", ["unshare", "--net", "--mount", "--", sys.executable, *sys.argv, "--inside"])
    import minio
    found = minio.find()
    if found is None:
        print("skipped: no MinIO to be had")
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        inside(found)
    except Failed as failed:
        print(f"FAILED {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
