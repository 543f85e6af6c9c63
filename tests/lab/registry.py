# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration of Debian's docker-registry on the object store, as an operator would write it."""
import minio

PATH = "/etc/docker/registry/config.yml"


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
