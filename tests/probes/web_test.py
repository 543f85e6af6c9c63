#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Probes that must convince whom they ask: a real MinIO by signatures, real docker-registries by a password file and
by tokens of a server that signs them, a TLS server by a client certificate; and stand-ins for what those do seldom.

web_test.py PRINT [--only WORD] runs in network and mount namespaces of its own (root), and prints a line per claim.
Exit status 1: a claim failed; 77: skipped, with the reason.
"""
import base64, hashlib, hmac, http.server, json, os, pathlib, re, signal, socket, ssl, subprocess, sys, threading, time
import urllib.parse, warnings

import real_test
from real_test import ACCOUNT, SKIPPED, Failed, Printer, Stage

warnings.filterwarnings("ignore", category=DeprecationWarning)
import crypt

FAST = "interval=200ms timeout=1s"


def openssl(*arguments, **options):
    return subprocess.run(["/usr/bin/openssl", *map(str, arguments)], check=True, capture_output=True, **options).stdout


def secret(stage, name, user, password, mode=0o600):
    folder = stage.folder / "credentials"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"{user}:{password}\n")
    path.chmod(mode)
    os.environ["CREDENTIALS_DIRECTORY"] = str(folder)


class Server:
    """An HTTP server whose `answer(request)` returns (status, headers, body), or None: no answer at all."""

    def __init__(self, answer, address="127.0.0.1", port=0, context=None):
        self.accepted, self.requests, self.names = 0, 0, []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                server.accepted += 1

            def respond(self):
                server.requests += 1
                length = int(self.headers.get("Content-Length", 0))
                self.payload = self.rfile.read(length)
                found = answer(self)
                if found is None:
                    threading.Event().wait()
                status, headers, body = found
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = respond

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
            daemon_threads = True

            def handle_error(self, *_):
                pass

            def get_request(self):
                plain, peer = super().get_request()
                return (context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) if context else plain,
                        peer)

        self.listener = Listener((address, port), Handler)
        self.port = self.listener.server_address[1]
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def stop(self):
        self.listener.shutdown()
        self.listener.server_close()


def sign_again(request, secret_key, region):
    """The signature that the request should have: AWS Signature Version 4, made here from its description."""
    field = dict(part.strip().split("=", 1) for part in request.headers["Authorization"].split(" ", 1)[1].split(","))
    names = field["SignedHeaders"].split(";")
    lines = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names)
    body_hash = request.headers["x-amz-content-sha256"]
    canonical = "\n".join([request.command, request.path, "", lines, field["SignedHeaders"], body_hash])
    moment = request.headers["x-amz-date"]
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret_key).encode()
    for part in (moment[:8], region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), field["Signature"], body_hash


def s3_error(status, code):
    return status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode()


def store(stage, minio):
    drive = stage.folder / "drive"
    drive.mkdir()
    user, password = ACCOUNT.values()
    secret(stage, "store", user, password)
    secret(stage, "wrong", user, "not-the-password")
    secret(stage, "nobody", "no-such-user", password)
    secret(stage, "open", user, password, 0o644)
    common = f"type=s3 url=http://127.0.0.1:9000 bucket=registry read_key=regha/read {FAST}"
    printer = Printer(stage.program, f"name=both write_key=regha/write credentials=store {common}",
                      f"name=read credentials=store {common}", f"name=head method=HEAD credentials=store {common}",
                      f"name=there credentials=store {common.replace('regha/read', 'regha/write')}",
                      f"name=head-there method=HEAD credentials=store {common.replace('regha/read', 'regha/write')}",
                      f"name=wrong credentials=wrong {common}", f"name=wrong-head method=HEAD credentials=wrong {common}",
                      f"name=nobody credentials=nobody {common}", f"name=open credentials=open {common}",
                      f"name=lost credentials=lost {common}",
                      f"name=no-bucket credentials=store {common.replace('bucket=registry', 'bucket=absent')}")
    printer.wait("both", "no store", health="down", reason="refused")
    server = stage.spawn("minio", minio, "server", "--quiet", "--address", "127.0.0.1:9000", "--console-address",
                         "127.0.0.1:9001", str(drive), **ACCOUNT)
    printer.wait("both", "a store without the bucket", 30, outcome="failure", text="NoSuchBucket")
    subprocess.run(["/usr/bin/curl", "-sf", "--aws-sigv4", "aws:amz:us-east-1:s3", "-u", f"{user}:{password}", "-X", "PUT",
                    "http://127.0.0.1:9000/registry"], check=True)
    printer.wait("both", "read and write", 20, health="up", text="read 404 in")
    printer.wait("read", "that there is no such object is an answer", health="up", text="NoSuchKey")
    printer.wait("head", "to HEAD, too", health="up", text="404 in")
    printer.wait("there", "what was written is read", health="up", text="200 in")
    printer.wait("head-there", "and seen by HEAD", health="up", text="200 in")
    printer.wait("wrong", "a wrong secret", health="down", reason="denied", text="SignatureDoesNotMatch: the secret key")
    printer.wait("wrong-head", "by HEAD MinIO says it in a header", health="down", reason="denied", text="SignatureDoesNotMatch")
    printer.wait("nobody", "an unknown access key", health="down", reason="denied", text="InvalidAccessKeyId")
    printer.wait("no-bucket", "no such bucket", health="down", reason="status", text="NoSuchBucket")
    printer.wait("open", "a secret that all may read is not used", health="unknown", reason="other", text="mode 0644")
    printer.wait("lost", "no secret, no word on the store", health="unknown", text="does not exist")
    server.send_signal(signal.SIGSTOP)
    printer.wait("read", "MinIO is frozen", health="down", reason="timeout", text="no answer in 1 s")
    server.send_signal(signal.SIGCONT)
    printer.wait("both", "and thaws", 20, health="up", text="read 404 in")
    return printer.stop()


def odd_stores(stage, _):
    """What a store does seldom, and any store's idea of a signature."""
    secret(stage, "store", "access", "a+secret/with=signs")
    seen = {"signatures": 0, "wrong": [], "puts": 0}

    def answer(request):
        wanted, got, body_hash = sign_again(request, "a+secret/with=signs", "eu-west-3")
        seen["signatures"] += 1
        seen["puts"] += request.command == "PUT"
        if wanted != got or (request.command == "PUT" and hashlib.sha256(request.payload).hexdigest() != body_hash):
            seen["wrong"].append(f"{request.command} {request.path}")
        bucket = request.path.split("/")[1]
        if request.command == "PUT":
            return {"hangs": None, "readonly": s3_error(503, "SlowDownWrite"),
                    "forbidden": s3_error(403, "AccessDenied"), "skewed": s3_error(503, "ServiceUnavailable"),
                    "fine": (200, {"ETag": '"1"'}, b"")}[bucket]
        if bucket == "skewed":
            return s3_error(403, "RequestTimeTooSkewed")
        return 200, {}, b"x"

    server = Server(answer)
    common = (f"type=s3 url=http://127.0.0.1:{server.port} read_key=a/read write_key=a/write credentials=store "
              f"region=eu-west-3 interval=200ms timeout=400ms")
    printer = Printer(stage.program, *(f"name={name} bucket={name} {common}"
                                       for name in ("fine", "hangs", "readonly", "forbidden", "skewed")),
                      f"name=page type=http url=http://127.0.0.1:{server.port}/none/x {FAST}")
    printer.wait("fine", "a store that is well", health="up", text="write 200 in")
    printer.wait("readonly", "reads work, writes do not", health="down", reason="status",
                 text="but write 503 in")
    printer.wait("hangs", "a write that hangs says nothing", outcome="unknown", reason="timeout", text="did not end in time")
    printer.wait("forbidden", "keys that may not write", health="down", reason="denied", text="AccessDenied")
    printer.wait("skewed", "clocks that differ", health="down", reason="denied", text="clock")
    if seen["wrong"] or seen["signatures"] < 10:
        raise Failed(f"signatures: {seen}")
    print(f"  ok {seen['signatures']} signatures are right, {seen['puts']} of writes", flush=True)
    result = printer.stop()
    server.stop()
    return result


class Tokens:
    """A token server as registries want it: Basic, and a JSON Web Token (RS256) with the certificate in its head."""

    def __init__(self, stage, port=0):
        self.key, self.certificate = stage.folder / "token.key", stage.folder / "token.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tokens", "-keyout", self.key,
                "-out", self.certificate)
        self.life_s, self.mode, self.given, self.scopes = 3600, "well", 0, set()
        self.server = Server(self.answer, port=port)
        self.realm = f"http://127.0.0.1:{self.server.port}/token"

    def sign(self, scope, service):
        def encode(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

        chain = re.sub(r"-----[^-]+-----|\s", "", self.certificate.read_text())
        kind, name, actions = scope.rsplit(":", 2) if scope else ("", "", "")
        now = int(time.time())
        claims = {"iss": "lab", "sub": "puller", "aud": service, "exp": now + self.life_s, "nbf": now - 5, "iat": now,
                  "jti": str(self.given), "access": [{"type": kind, "name": name, "actions": actions.split(",")}]}
        head = encode(json.dumps({"typ": "JWT", "alg": "RS256", "x5c": [chain]}).encode())
        text = head + "." + encode(json.dumps(claims).encode())
        return text + "." + encode(openssl("dgst", "-sha256", "-sign", self.key, input=text.encode()))

    def answer(self, request):
        if self.mode == "fails":
            return 500, {}, b""
        if request.headers.get("Authorization") != "Basic " + base64.b64encode(b"puller:pass:word").decode():
            return 401, {"WWW-Authenticate": 'Basic realm="tokens"'}, b""
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
        scope = asked.get("scope", [""])[0]
        self.scopes.add(scope)
        self.given += 1
        body = {"token": self.sign(scope, asked["service"][0]), "expires_in": self.life_s}
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def password_file(stage, *_):
    secret(stage, "puller", "puller", "pass:word")
    secret(stage, "wrong", "puller", "password")
    hashed = crypt.crypt("pass:word", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2 ** 5))
    (stage.folder / "htpasswd").write_text(f"puller:{hashed}\n")
    files = f"  filesystem: {{rootdirectory: {stage.folder}/files}}"
    debug = f"  debug: {{addr: '127.0.0.1:5003'}}\nhealth: {{file: [{{file: {stage.folder}/ill, interval: 200ms}}]}}\n"
    stage.registry("auth", 5002, files, f"{debug}auth: {{htpasswd: {{realm: lab, path: {stage.folder}/htpasswd}}}}\n")
    common = f"type=registry url=http://127.0.0.1:5002 {FAST}"
    blob = "library/any@sha256:" + "0" * 64
    printer = Printer(stage.program, f"name=good credentials=puller {common}", f"name=none {common}",
                      f"name=wrong credentials=wrong {common}", f"name=lost credentials=lost {common}",
                      f"name=blob read={blob} credentials=puller {common}",
                      f"name=health debug_url=http://127.0.0.1:5003 credentials=puller {common}")
    printer.wait("good", "a password is shown, and storage is read", 20, health="up", depth="deep", text="MANIFEST_UNKNOWN")
    printer.wait("none", "without one nothing is read", health="up", depth="shallow", text="asks for credentials")
    printer.wait("wrong", "a wrong one", health="up", depth="shallow", text="refuses the credentials")
    printer.wait("lost", "one that is not there", health="up", depth="shallow", text="regha cannot read")
    printer.wait("blob", "a blob is asked for", health="up", depth="deep", text="404 in")
    printer.wait("health", "and its debug server", health="up", depth="deep", text="read and /debug/health")
    printer.stop()
    # The main port is 503 as soon as a check fails, so that the debug server's word is seen by itself only here.
    ill = Server(lambda request: (503, {}, b'{"storage":"gone"}'))
    printer = Printer(stage.program, f"name=ill debug_url=http://127.0.0.1:{ill.port} credentials=puller {common}",
                      f"name=no-debug debug_url=http://127.0.0.1:1 credentials=puller {common}")
    printer.wait("ill", "a debug server that complains", health="down", reason="status", text="/debug/health says 503")
    printer.wait("no-debug", "one that is not there", health="down", reason="refused", text="the debug server: connection refused")
    return printer.stop()


def tokens(stage, *_):
    secret(stage, "puller", "puller", "pass:word")
    secret(stage, "wrong", "puller", "password")
    server = Tokens(stage)
    files = f"  filesystem: {{rootdirectory: {stage.folder}/files}}"
    auth = (f"auth: {{token: {{realm: '{server.realm}', service: lab-registry, issuer: lab, rootcertbundle: "
            f"{server.certificate}}}}}\n")
    stage.registry("bearer", 5004, files, auth)
    common = f"type=registry url=http://127.0.0.1:5004 read=library/any:latest {FAST}"
    printer = Printer(stage.program, f"name=good credentials=puller {common}")
    printer.wait("good", "a token is fetched, and storage is read", 20, health="up", depth="deep", text="MANIFEST_UNKNOWN")
    begun = len(printer.lines)
    while len(printer.lines) < begun + 10:
        time.sleep(0.05)
    if server.given != 1 or server.scopes != {"repository:library/any:pull"}:
        raise Failed(f"{server.given} tokens for {server.scopes}")
    print("  ok one token serves ten reads, and is for that repository only", flush=True)
    server.mode = "fails"
    printer.wait("good", "who has a token does not miss the server", health="up", depth="deep")
    printer.stop()
    printer = Printer(stage.program, f"name=late credentials=puller {common}", f"name=wrong credentials=wrong {common}")
    printer.wait("late", "no token is to be had", health="up", depth="shallow", text="the token server answers 500")
    server.mode, server.life_s, server.given = "well", 4, 0
    printer.wait("late", "then there is", health="up", depth="deep", text="MANIFEST_UNKNOWN")
    printer.wait("wrong", "but not for everybody", health="up", depth="shallow", text="the credentials are refused")
    begun, at = time.monotonic(), len(printer.lines)
    while server.given < 3:
        if time.monotonic() > begun + 30:
            raise Failed(f"{server.given} tokens in 30 s")
        time.sleep(0.05)
    shallow = [line for line in printer.lines[at:] if line.name == "late" and line.depth != "deep"]
    if shallow:
        raise Failed(f"renewed too late: {shallow}")
    print(f"  ok tokens of 4 s are renewed before they end: {server.given} in {time.monotonic() - begun:.0f} s", flush=True)
    server.server.stop()
    server.server.listener.socket.close()
    printer.wait("late", "the token server is gone, and the last token ends", 20, health="up", depth="shallow",
                 text="cannot be asked")
    return printer.stop()


def authority(stage, name):
    key, pem = stage.folder / f"{name}.key", stage.folder / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            f"/CN={name}", "-keyout", key, "-out", pem)
    return key, pem


def issued(stage, name, issuer, extension):
    key, request, pem, extra = (stage.folder / f"{name}.{end}" for end in ("key", "csr", "pem", "ext"))
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", request)
    extra.write_text(extension)
    openssl("x509", "-req", "-in", request, "-CA", issuer[1], "-CAkey", issuer[0], "-CAcreateserial", "-days", "2",
            "-extfile", extra, "-out", pem)
    return key, pem


def certificates(stage, *_):
    ours, theirs = authority(stage, "ours"), authority(stage, "theirs")
    server_key, server_pem = issued(stage, "server", ours, "subjectAltName=DNS:store.example\n")
    client_key, client_pem = issued(stage, "client", ours, "extendedKeyUsage=clientAuth\n")
    stranger_key, stranger_pem = issued(stage, "stranger", theirs, "extendedKeyUsage=clientAuth\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_pem, server_key)
    context.load_verify_locations(ours[1])
    context.verify_mode = ssl.CERT_REQUIRED
    names, hosts = set(), set()
    context.sni_callback = lambda _socket, name, _context: names.add(name)

    def answer(request):
        hosts.add(request.headers["Host"])
        return 200, {"X-Role": "primary"}, b'{"status": "up"}'

    server = Server(answer, "::1", context=context)
    together = stage.folder / "together.pem"
    together.write_text(client_pem.read_text() + client_key.read_text())
    url = f"type=http url=https://[::1]:{server.port}/x ca_file={ours[1]} {FAST}"
    named = f"{url} server_name=store.example"
    shown = f"cert_file={client_pem} key_file={client_key}"
    printer = Printer(stage.program, f"name=good {named} {shown}")
    printer.wait("good", "IPv6, own CA, its name, our certificate", 20, health="up", text="200 in")
    begun, accepted, requests = len(printer.lines), server.accepted, server.requests
    while len(printer.lines) < begun + 10:
        time.sleep(0.05)
    if server.requests - requests < 9 or server.accepted - accepted > 2:
        raise Failed(f"{server.requests - requests} requests on {server.accepted - accepted} connections")
    print(f"  ok {server.requests} requests on {server.accepted} connection(s)", flush=True)
    if names != {"store.example"} or hosts != {f"store.example:{server.port}"}:
        raise Failed(f"names {names}, hosts {hosts}")
    printer.stop()
    printer = Printer(stage.program, f"name=one-file {named} cert_file={together}", f"name=none {named}",
                      f"name=stranger {named} cert_file={stranger_pem} key_file={stranger_key}",
                      f"name=lost {named} cert_file=/nonexistent.pem",
                      f"name=unnamed {url} {shown}", f"name=other-host {named} {shown} host=other.example",
                      f"name=json {named} {shown} json=/status json_value=up header=X-Role:primary",
                      f"name=unverified {url} {shown} tls_verify=false")
    printer.wait("one-file", "certificate and key in one file", 20, health="up")
    # With TLS 1.3 the refusal comes after the request has been written: an alert, or the connection's end first.
    printer.wait("none", "no certificate", health="down")
    printer.wait("stranger", "another authority's", health="down")
    printer.wait("lost", "one that is not there", health="down", reason="tls")
    printer.wait("unnamed", "without the name the certificate is another's", health="down", reason="tls")
    printer.wait("other-host", "another Host", health="up")
    printer.wait("json", "a header and JSON", health="up")
    printer.wait("unverified", "without a look at its certificate", health="up")
    if "other.example" not in hosts:
        raise Failed(f"hosts {hosts}")
    result = printer.stop()
    server.stop()
    return result


def pages(stage, *_):
    health = {"status": "unhealthy", "components": [
        {"name": "core", "status": "healthy"}, {"name": "database", "status": "unhealthy", "error": "connection refused"},
        {"name": "redis", "status": "unhealthy"}]}
    answers = {
        "/api/v2.0/health": (200, {"Content-Type": "application/json"}, json.dumps(health).encode()),
        "/long": (200, {}, b"x" * 20000 + b"needle"), "/early": (200, {}, b"line\nneedle in it\n" + b"x" * 20000),
        "/moved": (302, {"Location": "/early"}, b""), "/deep": (200, {}, b"[" * 4000),
        "/page": (200, {"X-Role": "standby"}, b'{"a": {"b/c": [1, true]}}')}
    server = Server(lambda request: answers.get(request.path, (404, {}, b"")))
    base = f"url=http://127.0.0.1:{server.port}"
    printer = Printer(stage.program, f"name=harbor type=harbor {base} {FAST}",
                      f"name=core type=harbor component=core {base} {FAST}",
                      f"name=trivy type=harbor component=trivy {base} {FAST}",
                      f"name=long type=http body=needle {base}/long {FAST}", f"name=early type=http body=^needle {base}/early {FAST}",
                      f"name=moved type=http {base}/moved body=needle {FAST}",
                      f"name=deep type=http json=/a {base}/deep {FAST}",
                      f"name=pointer type=http json=/a/b~1c/1 json_value=true {base}/page {FAST}",
                      f"name=other type=http json=/a/b~1c/0 json_value=2 {base}/page {FAST}",
                      f"name=header type=http header=X-Role:primary {base}/page {FAST}",
                      f"name=no-header type=http header=X-None method=HEAD {base}/page {FAST}")
    printer.wait("harbor", "200, and not healthy", health="down", reason="content",
                 text="unhealthy: database (connection refused), redis")
    printer.wait("core", "the component that counts is", health="up")
    printer.wait("trivy", "one that is not there", health="down", text='no component "trivy"')
    printer.wait("long", "a body that is too long", health="down", reason="content", text="longer than 16 KB")
    printer.wait("early", "found in what is looked at", health="up")
    printer.wait("moved", "a redirect is not followed", health="down", reason="content", text="302 in")
    printer.wait("deep", "JSON without end", health="down", reason="content", text="no JSON")
    printer.wait("pointer", "a JSON pointer", health="up")
    printer.wait("other", "to another value", health="down", text='/a/b~1c/0 is "1"')
    printer.wait("header", "a header with another value", health="down", text="another value")
    printer.wait("no-header", "a header that is not there", health="down", text="without the header")
    result = printer.stop()
    server.stop()
    return result


def inside(minio, only):
    subprocess.run(["/usr/sbin/ip", "link", "set", "lo", "up"], check=True)
    for chapter in (pages, certificates, odd_stores, password_file, tokens, store):
        if only in chapter.__name__:
            real_test.chapter(chapter, minio)


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
        inside(found, sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else "")
    except Failed as failed:
        print(f"FAILED {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
