"""Two machines on this one: each a network namespace with processes, a host name and a folder of its own."""

import os
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ADDRESSES = ("10.77.0.1", "10.77.0.2")
PORT = 29533
HERE = Path("/mnt")
"""Where each node sees its own folder, so that both have the same paths and nothing in common."""
# A process table of its own, so that no node can look up another's processes, and killing the first kills all.
MACHINE = ("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c")


def alone(program):
    """Starts this program again where its networks and mounts are its own and go when it ends."""
    if "RESNET_HUB_NODES" in os.environ:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        return
    names = ["--user", "--map-root-user"] if os.geteuid() else []
    spaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    os.environ["RESNET_HUB_NODES"] = "1"
    os.execvp("unshare", ["unshare", *names, *spaces, sys.executable, *program])


def ip(words):
    """Runs `ip`."""
    subprocess.run(["ip", *words.split()], check=True)


def lay_cable():
    """Makes two namespaces, n0 and n1, and the cable between them."""
    for number in (0, 1):
        ip(f"netns add n{number}")
    ip("link add e0 type veth peer name e1")
    for number, address in enumerate(ADDRESSES):
        ip(f"link set e{number} netns n{number}")
        ip(f"-n n{number} addr add {address}/24 dev e{number}")
        ip(f"-n n{number} link set lo up")
    set_cable("up")


def set_cable(state):
    """Cuts the cable (down), or mends it (up)."""
    for number in (0, 1):
        ip(f"-n n{number} link set e{number} {state}")


class Node:
    """One of the two machines, with what it was told to run."""

    def __init__(self, number, folder):
        self.number, self.folder, self.started = number, folder, None
        self.log = folder.parent / f"node{number}.log"
        folder.mkdir(parents=True, exist_ok=True)

    def torchrun(self, *flags, processes=1):
        """Starts the trainer in so many processes of this node."""
        launcher = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--node_rank", str(self.number)]
        launcher += ["--nproc_per_node", str(processes), "--master_addr", ADDRESSES[0], "--master_port", str(PORT)]
        script = f'mount --bind "{self.folder}" {HERE} && hostname node{self.number} && cd {HERE} && exec "$@"'
        enter = ["ip", "netns", "exec", f"n{self.number}", *MACHINE, script, "sh"]
        told = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        told |= {"GLOO_SOCKET_IFNAME": f"e{self.number}"}
        with self.log.open("wb") as file:
            self.started = subprocess.Popen(
                [*enter, *launcher, "-m", "training.finetune", *map(str, flags)], stdout=file, stderr=file, env=told
            )

    @property
    def status(self):
        """Its exit status; None while it runs."""
        return self.started.poll()

    @property
    def said(self):
        """What stands on its terminal."""
        return self.log.read_text(errors="replace")

    def kill(self):
        """Ends all its processes at once: the machine is gone."""
        self.started.kill()
        self.started.wait()

    def wait(self, seconds):
        """Whether it ends in time, and how many seconds it took."""
        since = time.monotonic()
        try:
            self.started.wait(seconds)
        except subprocess.TimeoutExpired:
            return False, seconds
        return True, time.monotonic() - since
