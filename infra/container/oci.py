"""Files to an image in the layout of the OCI image specification, one archive; the same files make the same bytes."""

import gzip
import hashlib
import io
import json
import tarfile

USER = 65532
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EPOCH = 0


class Archive:
    """Blobs by their digest, an index of what is to be started, and then the archive."""

    def __init__(self):
        self.blobs, self.images = {}, []

    def blob(self, data, kind, **more):
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)} | more

    def image(self, machine, files, labels):
        """An image of these files: path, bytes, mode and owner of each; a path that ends in / is a folder."""
        plain = tar(files)
        layer = self.blob(zipped(plain), LAYER)
        config = self.blob(written({
            "architecture": machine, "os": "linux", "created": "1970-01-01T00:00:00Z",
            "config": {"User": f"{USER}:{USER}", "Entrypoint": ["/usr/bin/watchfire"], "Cmd": ["run"], "WorkingDir": "/etc/watchfire",
                       "Env": ["PATH=/usr/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt", "WATCHFIRE_CONFIG=/etc/watchfire/watchfire.yaml"],
                       "ExposedPorts": {"8080/tcp": {}, "8081/tcp": {}}, "Volumes": {"/var/lib/watchfire": {}}, "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(plain).hexdigest()}"]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "infra/container/build"}],
        }), CONFIG)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer], "annotations": labels}
        self.images.append(self.blob(written(manifest), MANIFEST, platform={"architecture": machine, "os": "linux"}))
        return layer["size"]

    def bytes(self, name):
        """One entry in the layout's index: the image, or an index of those for several machines."""
        entry = self.images[0]
        if len(self.images) > 1:
            entry = self.blob(written({"schemaVersion": 2, "mediaType": INDEX, "manifests": self.images}), INDEX)
        entry = {key: value for key, value in entry.items() if key != "platform"} | {"annotations": {"org.opencontainers.image.ref.name": name}}
        files = {"oci-layout": written({"imageLayoutVersion": "1.0.0"}),
                 "index.json": written({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})}
        files |= {f"blobs/sha256/{digest}": data for digest, data in self.blobs.items()}
        return entry["digest"], tar({path: (data, 0o644, 0) for path, data in files.items()})


def written(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def zipped(data):
    into = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=into, mtime=EPOCH) as file:
        file.write(data)
    return into.getvalue()


def tar(files):
    """In the order of their paths, of no time, of no machine's users; folders on the way are root's."""
    folders = {f"{'/'.join(path.rstrip('/').split('/')[:depth])}/": (b"", 0o755, 0)
               for path in files for depth in range(1, path.rstrip("/").count("/") + 1)}
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, (data, mode, owner) in sorted((folders | files).items()):
            entry = tarfile.TarInfo(path.rstrip("/"))
            entry.type = tarfile.DIRTYPE if path.endswith("/") else tarfile.REGTYPE
            entry.size, entry.mode, entry.uid, entry.gid, entry.mtime = len(data), mode, owner, owner, EPOCH
            archive.addfile(entry, io.BytesIO(data))
    return into.getvalue()
