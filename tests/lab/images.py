# SPDX-License-Identifier: GPL-2.0-or-later
"""Container images made of random bytes, pushed and pulled by skopeo, compared by sha256."""
import hashlib
import io
import json
import os
import pathlib
import shutil
import tarfile
import zlib

from machine import LabError

MEDIA = "application/vnd.oci.image"


class Image:
    """`digest` of its manifest, `blobs` {sha256: bytes} of config and layers."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.blobs = {}
        self.digest = None

    @property
    def size_bytes(self):
        return sum(self.blobs.values())


def _store(folder, data):
    digest = hashlib.sha256(data).hexdigest()
    (folder / "blobs/sha256" / digest).write_bytes(data)
    return digest


def _layer(size_bytes):
    """A stored (not compressed) gzip of a tar with one file; also the digest of the bare tar."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        info = tarfile.TarInfo("data")
        info.size = size_bytes
        archive.addfile(info, io.BytesIO(os.urandom(size_bytes)))
    plain = tar.getvalue()
    press = zlib.compressobj(0, zlib.DEFLATED, 31)
    return press.compress(plain) + press.flush(), hashlib.sha256(plain).hexdigest()


def make(folder, name, layer_sizes):
    """An OCI layout under `folder`, with one layer of random bytes per size."""
    folder = pathlib.Path(folder) / name
    (folder / "blobs/sha256").mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    image, layers, plain = Image(name, folder), [], []
    for size in layer_sizes:
        data, diff = _layer(size)
        digest = _store(folder, data)
        image.blobs[digest] = len(data)
        layers.append({"mediaType": f"{MEDIA}.layer.v1.tar+gzip", "digest": f"sha256:{digest}", "size": len(data)})
        plain.append(f"sha256:{diff}")
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": plain}}).encode()
    digest = _store(folder, config)
    image.blobs[digest] = len(config)
    manifest = json.dumps({"schemaVersion": 2, "mediaType": f"{MEDIA}.manifest.v1+json", "layers": layers,
                           "config": {"mediaType": f"{MEDIA}.config.v1+json", "digest": f"sha256:{digest}",
                                      "size": len(config)}}).encode()
    image.digest = _store(folder, manifest)
    index = {"schemaVersion": 2, "manifests": [
        {"mediaType": f"{MEDIA}.manifest.v1+json", "digest": f"sha256:{image.digest}", "size": len(manifest)}]}
    (folder / "index.json").write_text(json.dumps(index))
    return image


def _copy(*words):
    return ["skopeo", "--insecure-policy", "--command-timeout", "100s", "copy", "--quiet", "--preserve-digests",
            *words]


def push_words(image, registry):
    return _copy("--dest-tls-verify=false", f"oci:{image.folder}", f"docker://{registry}/lab/{image.name}:latest")


def pull_words(image, registry, target):
    return _copy("--src-tls-verify=false", f"docker://{registry}/lab/{image.name}@sha256:{image.digest}",
                 f"dir:{target}")


def repeat(machine, words, what, tries=8):
    """A client repeats what was cut. Returns how often it was; an error when it never works."""
    for cut in range(tries):
        done = machine.run(*words, check=False, seconds=120)
        if done.returncode == 0:
            return cut
    raise LabError(f"{what}: {tries} tries failed, the last one: {done.stderr.strip()[-300:]}")


def push(machine, image, registry, tries=8):
    return repeat(machine, push_words(image, registry), f"push of {image.name}", tries)


def pull(machine, image, registry, target, tries=8):
    """Pull by digest into the empty folder `target`, compare every byte, remove it. Returns the cuts."""
    shutil.rmtree(target, ignore_errors=True)
    cuts = repeat(machine, pull_words(image, registry, target), f"pull of {image.name}", tries)
    verify(image, target)
    shutil.rmtree(target)
    return cuts


def verify(image, target):
    """The pulled manifest and blobs have the sha256 of what was pushed."""
    for digest in (*image.blobs, image.digest):
        path = pathlib.Path(target) / ("manifest.json" if digest == image.digest else digest)
        if not path.exists():
            raise LabError(f"{image.name}: {path.name} is missing in what was pulled")
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != digest:
            raise LabError(f"{image.name}: {path.name} has sha256 {found}, pushed was {digest}")
