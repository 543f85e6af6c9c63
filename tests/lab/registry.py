# SPDX-License-Identifier: GPL-2.0-or-later
"""The registries of the lab, and their configuration on the object store, as an operator would write it."""
import os

import golang
import minio
from machine import LabError

PATH = "/etc/docker/registry/config.yml"
DISTRIBUTION = "github.com/distribution/distribution/v3/cmd/registry@v3.1.2"


class Registry:
    """Debian's docker-registry, or with REGHA_LAB_REGISTRY=3 Distribution 3 on the same configuration file."""

    def __init__(self):
        self.is_debian = os.environ.get("REGHA_LAB_REGISTRY") != "3"
        self.path = "/usr/bin/docker-registry" if self.is_debian else golang.cached("registry") or golang.build(
            "registry", DISTRIBUTION)
        if not self.path:
            raise LabError("Distribution 3 is not to be had: no Go 1.24, or no source")
        self.process = self.path.rpartition("/")[2]

    @property
    def keys(self):
        """What regha.conf says of it beyond its configuration file."""
        return "" if self.is_debian else f'command = ( "{self.path}", "serve", "{{bundle}}/registry.yml" ); '


def configuration(endpoint="http://127.0.0.1:9000"):
    return f"""\
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  s3:
    region: us-east-1
    regionendpoint: {endpoint}
    bucket: {minio.BUCKET}
    accesskey: {minio.USER}
    secretkey: {minio.PASSWORD}
    secure: false
    v4auth: true
    forcepathstyle: true
  redirect:
    disable: true
  delete:
    enabled: true
http:
  addr: :5000
  draintimeout: 5s
  headers:
    X-Content-Type-Options: [nosniff]
"""
