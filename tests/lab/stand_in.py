# SPDX-License-Identifier: GPL-2.0-or-later
"""
A small stand-in for MinIO where none can be had: as much of S3 as docker-registry's driver asks for.

Usage: stand_in.py FOLDER BUCKET. Serves port 9000; the four nodes share FOLDER. It checks no signature, knows no quorum and
never stalls: no storage fault seen with it says anything about MinIO.
"""
import hashlib
import http.server
import os
import pathlib
import re
import shutil
import sys
import urllib.parse
import uuid
from xml.sax.saxutils import escape

FOLDER, BUCKET = pathlib.Path(sys.argv[1]), sys.argv[2]
OBJECTS, UPLOADS = FOLDER / "objects", FOLDER / "uploads"
STAMP = "2026-01-01T00:00:00.000Z"


def file_of(key):
    return OBJECTS / urllib.parse.quote(key, safe="")


def put(path, data):
    """Whole or not at all; other servers read the same folder."""
    temporary = FOLDER / f"new-{uuid.uuid4().hex}"
    temporary.write_bytes(data)
    os.replace(temporary, path)
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def keys(prefix):
    return sorted(key for key in map(urllib.parse.unquote, os.listdir(OBJECTS)) if key.startswith(prefix))


def rolled_up(found, prefix, delimiter):
    """Keys and common prefixes, as ListObjects gives them."""
    contents, folders = [], []
    for key in found:
        rest = key[len(prefix):]
        if delimiter and delimiter in rest:
            folder = prefix + rest.partition(delimiter)[0] + delimiter
            if folder not in folders:
                folders.append(folder)
        else:
            contents.append(key)
    return contents, folders


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def refuse(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code></Error>")

    def parse(self):
        parts = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        self.key = urllib.parse.unquote(parts.path).removeprefix(f"/{BUCKET}").lstrip("/")
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return parts.path

    def do_GET(self):
        path = self.parse()
        if path.startswith("/minio/health/"):
            return self.answer(200, X_Minio_Write_Quorum="3", X_Minio_Read_Quorum="2")
        if "uploads" in self.query:
            return self.list_uploads()
        if "uploadId" in self.query:
            return self.list_parts()
        return self.list_objects() if not self.key else self.get_object()

    do_HEAD = do_GET

    def get_object(self):
        try:
            data = file_of(self.key).read_bytes()
        except OSError:
            return self.refuse(404, "NoSuchKey")
        tag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted:
            return self.answer(200, data, ETag=tag)
        first, last = int(wanted[1]), min(int(wanted[2] or len(data) - 1), len(data) - 1)
        if first >= len(data):
            return self.refuse(416, "InvalidRange")
        return self.answer(206, data[first:last + 1], ETag=tag, Content_Range=f"bytes {first}-{last}/{len(data)}")

    def list_objects(self):
        prefix, after = self.query.get("prefix", ""), self.query.get("marker") or self.query.get("continuation-token", "")
        contents, folders = rolled_up([key for key in keys(prefix) if key > after], prefix, self.query.get("delimiter"))
        most = int(self.query.get("max-keys", 1000))
        cut = contents[most:] != []
        contents = contents[:most]
        rows = "".join(f"<Contents><Key>{escape(key)}</Key><LastModified>{STAMP}</LastModified>"
                       f"<Size>{file_of(key).stat().st_size}</Size></Contents>" for key in contents)
        rows += "".join(f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in folders)
        more = (f"<NextMarker>{escape(contents[-1])}</NextMarker><NextContinuationToken>{escape(contents[-1])}"
                "</NextContinuationToken>") if cut and contents else ""
        self.answer(200, f"<ListBucketResult><Name>{BUCKET}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>"
                    f"{len(contents) + len(folders)}</KeyCount><MaxKeys>{most}</MaxKeys><IsTruncated>"
                    f"{str(cut).lower()}</IsTruncated>{rows}{more}</ListBucketResult>")

    def list_uploads(self):
        rows = ""
        for folder in sorted(UPLOADS.iterdir()):
            key = (folder / "key").read_text()
            if key.startswith(self.query.get("prefix", "")):
                rows += (f"<Upload><Key>{escape(key)}</Key><UploadId>{folder.name}</UploadId>"
                         f"<Initiated>{STAMP}</Initiated></Upload>")
        self.answer(200, f"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{rows}</ListMultipartUploadsResult>")

    def parts(self):
        folder = UPLOADS / pathlib.Path(self.query["uploadId"]).name
        return sorted(((int(path.name), path) for path in folder.iterdir() if path.name.isdigit()))

    def list_parts(self):
        rows = "".join(f"<Part><PartNumber>{number}</PartNumber><LastModified>{STAMP}</LastModified><ETag>"
                       f"\"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}\"</ETag><Size>"
                       f"{path.stat().st_size}</Size></Part>" for number, path in self.parts())
        self.answer(200, f"<ListPartsResult><IsTruncated>false</IsTruncated>{rows}</ListPartsResult>")

    def source(self):
        """What x-amz-copy-source names, or the body."""
        named = self.headers.get("x-amz-copy-source")
        if not named:
            return self.body
        data = file_of(urllib.parse.unquote(named).lstrip("/").removeprefix(f"{BUCKET}/")).read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("x-amz-copy-source-range", ""))
        return data[int(wanted[1]):int(wanted[2]) + 1] if wanted else data

    def do_PUT(self):
        self.parse()
        if not self.key:
            return self.answer(200)
        try:
            data = self.source()
        except OSError:
            return self.refuse(404, "NoSuchKey")
        if "uploadId" in self.query:
            tag = put(UPLOADS / pathlib.Path(self.query["uploadId"]).name / str(int(self.query["partNumber"])), data)
            kind = "CopyPartResult"
        else:
            tag, kind = put(file_of(self.key), data), "CopyObjectResult"
        if "x-amz-copy-source" not in self.headers:
            return self.answer(200, ETag=tag)
        return self.answer(200, f"<{kind}><LastModified>{STAMP}</LastModified><ETag>{escape(tag)}</ETag></{kind}>")

    def do_POST(self):
        self.parse()
        if "delete" in self.query:
            for key in re.findall(r"<Key>(.*?)</Key>", self.body.decode()):
                file_of(key).unlink(missing_ok=True)
            return self.answer(200, "<DeleteResult></DeleteResult>")
        if "uploads" in self.query:
            folder = UPLOADS / uuid.uuid4().hex
            folder.mkdir()
            put(folder / "key", self.key.encode())
            return self.answer(200, f"<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{escape(self.key)}</Key>"
                               f"<UploadId>{folder.name}</UploadId></InitiateMultipartUploadResult>")
        tag = put(file_of(self.key), b"".join(path.read_bytes() for _, path in self.parts()))
        shutil.rmtree(UPLOADS / pathlib.Path(self.query["uploadId"]).name)
        return self.answer(200, f"<CompleteMultipartUploadResult><Key>{escape(self.key)}</Key><ETag>{escape(tag)}</ETag>"
                           "</CompleteMultipartUploadResult>")

    def do_DELETE(self):
        self.parse()
        if "uploadId" in self.query:
            shutil.rmtree(UPLOADS / pathlib.Path(self.query["uploadId"]).name, ignore_errors=True)
        else:
            file_of(self.key).unlink(missing_ok=True)
        self.answer(204)


def main():
    for folder in (OBJECTS, UPLOADS):
        folder.mkdir(parents=True, exist_ok=True)
    http.server.ThreadingHTTPServer(("", 9000), Handler).serve_forever()


main()
