# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole cluster: lab, nodes, MinIO, the registry's and regha's configuration."""
import os

import images
import meter
import registry
from lab import ADDRESSES, NODES, STORAGE_VIP, VIP, Lab, say
from machine import LabError, wait_for
from minio import Minio
from node import DAEMONS, Node

REGISTRY = f"{VIP}:5000"
CLUSTER_KEY = "6b" * 32


def regha_configuration(interval="100ms", storage_router=False, probes="", registry_extra="", extra=""):
    """The shortest configuration that works, with what a scenario varies."""
    nodes = ",\n          ".join(f'{{ name = "{name}"; address = "{ADDRESSES[name]}"; }}' for name in NODES)
    routers = (f'{{ name = "registry"; vrid = 51; addresses = ( "{VIP}" ); advert_interval = "{interval}"; }}')
    if storage_router:
        routers += (f',\n                    {{ name = "storage"; vrid = 52; addresses = ( "{STORAGE_VIP}" ); '
                    'requires = ( "minio-here" ); }')
    follows = 'follows = "registry"; ' if storage_router else ""
    text = (f"nodes = ( {nodes} );\nvirtual_routers = ( {routers} );\n"
            f'registries = ( {{ config = "{registry.PATH}"; {follows}{registry_extra}}} );\n')
    if storage_router:
        probes += ('{ name = "minio-here"; type = "minio"; url = "http://127.0.0.1:9000"; check = "live"; '
                   'scope = "local"; interval = "1s"; timeout = "500ms"; rise = 2; fall = 3; }')
    return text + (f"probes = ( {probes} );\n" if probes else "") + extra


class Cluster(Lab):
    """`with Cluster() as cluster:` has four nodes under power with MinIO serving; regha is not yet started."""

    def __init__(self, storage=True, configuration=None, **options):
        super().__init__(**options)
        self.storage = storage
        self.registry = registry.Registry()
        self.configuration = configuration or {}

    def _set_up(self):
        super()._set_up()
        self.nodes = [self.add(Node(self, name)) for name in self.names]
        self.minio = Minio(self) if self.storage else None
        self.configure(**self.configuration)
        for node in self.nodes:
            node.power_on()
        if self.storage:
            say(f"starting {self.minio.name} on {len(self.nodes)} nodes")
            self.minio.start_all(self.nodes)
            self.minio.make_bucket(self.nodes[0])

    def node(self, name):
        return self.nodes[self.names.index(name)]

    # Configuration, the same on every node.
    def configure(self, endpoint="http://127.0.0.1:9000", **options):
        self.write("/etc/docker/registry/config.yml", registry.configuration(endpoint), 0o640, "docker-registry")
        options["registry_extra"] = self.registry.keys + options.get("registry_extra", "")
        self.write("/etc/regha/regha.conf", regha_configuration(**options))
        self.write("/etc/regha/cluster.key", CLUSTER_KEY + "\n", 0o600, owner="regha")

    def write(self, path, text, mode=0o644, group=None, nodes=None, owner=None):
        for node in nodes or self.nodes:
            target = node.etc / path.removeprefix("/etc/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            target.chmod(mode)
            if group:
                os.chown(target, 0, self._number(node, "group", group))
            if owner:
                os.chown(target, self._number(node, "passwd", owner), -1)

    def _number(self, node, base, name):
        for line in (node.etc / base).read_text().splitlines():
            fields = line.split(":")
            if fields[0] == name:
                return int(fields[2])
        raise LabError(f"group {name} is missing: is etc/sysusers.d complete, docker-registry installed?")

    # regha
    def start(self, nodes=None):
        for node in nodes or self.nodes:
            node.start()
        for node in nodes or self.nodes:
            for daemon in DAEMONS:
                node.wait_pid(daemon, 10)

    def start_and_wait(self):
        """regha everywhere, one Active, the registry answering at the virtual address."""
        self.start()
        self.wait_serving(30)
        return self.primary()

    def holders(self, address=VIP):
        return [node for node in self.nodes if node.holds_vip(address)]

    def primary(self, address=VIP):
        holders = self.holders(address)
        if len(holders) != 1:
            raise LabError(f"{address} is held by {[node.name for node in holders] or 'nobody'}")
        return holders[0]

    def wait_primary(self, seconds=10, other_than=None, address=VIP):
        def one():
            holders = [node for node in self.holders(address) if node is not other_than]
            return holders[0] if len(holders) == 1 else None
        return wait_for(f"one holder of {address}", one, seconds, every=0.005)

    def wait_primary_but(self, node, seconds):
        """Another holder, whether or not `node` still has the address, too."""
        return wait_for(f"a holder other than {node.name}",
                        lambda: next((each for each in self.holders() if each is not node), None), seconds, every=0.005)

    def serves(self, path="/v2/"):
        done = self.client.run("curl", "-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}",
                               f"http://{REGISTRY}{path}", check=False)
        return done.stdout in ("200", "401")

    def wait_serving(self, seconds):
        wait_for("the registry at the virtual address", self.serves, seconds, every=0.05)

    def revive(self, node, regha=True):
        """Power for a node that lost it; MinIO and regha start as at boot. Until all is as before."""
        self.forget_link(node)
        node.power_on()
        if self.storage:
            self.minio.start(node)
            self.wait_whole()
        if regha:
            self.start([node])

    def restore(self):
        """After a part that failed: power and regha on every node, so that the next part begins as it should."""
        for node in self.nodes:
            if not node.is_running:
                self.revive(node)
            elif node.init is None or node.init.poll() is not None:
                self.start([node])

    def wait_whole(self):
        """Until every MinIO node sees all the others."""
        for node in self.nodes:
            if node.is_running:
                wait_for(f"MinIO seen from {node.name}", lambda: self._is_whole(node), 90, every=0.2)

    def _is_whole(self, node):
        """All four drives are back: the cluster would bear this node's leave."""
        if not self.minio.real:
            return self.minio.is_ready(node)
        answer = node.http("GET", 9000, "/minio/health/cluster?maintenance=true", seconds=12)
        return answer is not None and answer.status == 200

    # Clients
    def make_images(self, sizes):
        folder = self.ram / "images"
        folder.mkdir(exist_ok=True)
        return [images.make(folder, name, layers) for name, layers in sizes.items()]

    def push(self, image, tries=8):
        return images.push(self.client, image, REGISTRY, tries)

    def pull(self, image, tries=8):
        return images.pull(self.client, image, REGISTRY, self.ram / "pulled", tries)

    def meter_api(self, **options):
        return meter.of_api(self, VIP, **options)

    def meter_manifest(self, image, **options):
        return meter.of_manifest(self, VIP, image, **options)

    def meter_address(self, **options):
        return meter.of_address(self, VIP, **options)
