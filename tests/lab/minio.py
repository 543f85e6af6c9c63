# SPDX-License-Identifier: GPL-2.0-or-later
"""A real MinIO across the nodes: one server each, erasure-coded, each drive a tmpfs of its own."""
import os
import shutil
import sys

import golang
from machine import FOLDER, PYTHON, LabError, wait_for

SOURCE = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
USER, PASSWORD = "lab-user", "lab-password"
BUCKET = "registry"
ENVIRONMENT = {"MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": PASSWORD, "HOME": "/tmp"}
VOLUMES = "http://192.0.2.{11...14}:9000/srv/d1"


def find():
    """Path of a MinIO server, or None where none can be had."""
    asked = os.environ.get("REGHA_MINIO")
    if asked == "none":
        return None
    if asked:
        if not os.access(asked, os.X_OK):
            raise LabError(f"REGHA_MINIO={asked} is no program")
        return asked
    # The community edition comes as source only; this is its documented way.
    return shutil.which("minio") or golang.cached("minio") or golang.build("minio", SOURCE, "-tags", "kqueue")


class Minio:
    """Starts and stops the servers; `real` says whether they are MinIO."""

    def __init__(self, lab):
        self._lab = lab
        self._binary = find()
        self.real = self._binary is not None
        self._servers = {}
        if not self.real:
            print("NOTE: no MinIO to be had: a small stand-in keeps the objects; storage faults are not real",
                  flush=True)
            shutil.copy(FOLDER / "stand_in.py", lab.shared)
            if os.environ.get("CI") == "true":
                raise LabError("a stand-in for MinIO is no result under CI")

    @property
    def name(self):
        return "real MinIO" if self.real else "stand-in for MinIO"

    def start(self, node):
        if self.real:
            argv = [self._binary, "server", "--quiet", "--address", ":9000", VOLUMES]
        else:
            argv = [PYTHON, "/media/stand_in.py", "/media", BUCKET]
        self._servers[node.name] = node.spawn(*argv, log=self._lab.logs / f"{node.name}-minio.log",
                                              environment=ENVIRONMENT)

    def start_all(self, nodes):
        for node in nodes:
            self.start(node)
        for node in nodes:
            wait_for(f"MinIO on {node.name}", lambda: self.is_ready(node), 90, every=0.1)

    def is_ready(self, node):
        answer = node.http("GET", 9000, "/minio/health/cluster", seconds=12)
        return answer is not None and answer.status == 200

    def make_bucket(self, node):
        def made():
            done = node.run("curl", "-sS", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "--aws-sigv4",
                            "aws:amz:us-east-1:s3", "-u", f"{USER}:{PASSWORD}", "-X", "PUT",
                            f"http://127.0.0.1:9000/{BUCKET}", check=False, seconds=30)
            return done.stdout in ("200", "409")
        wait_for("the bucket to be made", made, 60, every=0.2)

    def server(self, node):
        return self._servers[node.name]

    def forget(self, node):
        self._servers.pop(node.name, None)


if __name__ == "__main__":
    print(find() or sys.exit("no MinIO to be had"))
