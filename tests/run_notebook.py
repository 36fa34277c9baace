"""Run a notebook with this very interpreter and without a network, and write what it showed.

    python tests/run_notebook.py NOTEBOOK RESULT FOLDER

It runs in FOLDER, in a process of its own: the sockets and loops beneath Jupyter stay out of the tests.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

SECONDS_FOR_A_CELL = 120

# What the kernel runs: whatever asks for another host fails at once.
KERNEL = """
import socket, sys

HERE = {"localhost", "127.0.0.1", "::1", "", None}
resolve, connect = socket.getaddrinfo, socket.socket.connect

def refuse(host):
    raise OSError(f"the notebook asked for {host!r} on the network")

def resolve_here(host, *rest, **more):
    return resolve(host, *rest, **more) if host in HERE else refuse(host)

def connect_here(self, address):
    host = address[0] if isinstance(address, tuple) else None
    return connect(self, address) if host in HERE else refuse(host)

socket.getaddrinfo, socket.socket.connect = resolve_here, connect_here

from ipykernel.kernelapp import IPKernelApp

IPKernelApp.launch_instance(argv=sys.argv[1:])
"""


def run(notebook_path: Path, folder: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs; an error in a cell is raised."""
    notebook = nbformat.read(notebook_path, as_version=4)
    with tempfile.TemporaryDirectory() as kernels:
        # A kernel of this name and no other: the user may have kernels of other Pythons.
        specification = Path(kernels) / "this-python" / "kernel.json"
        specification.parent.mkdir()
        command = [sys.executable, "-c", KERNEL, "-f", "{connection_file}"]
        specification.write_text(
            json.dumps({"argv": command, "display_name": "this Python", "language": "python"})
        )
        manager = AsyncKernelManager(
            kernel_name="this-python",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[kernels], ensure_native_kernel=False),
            connection_file=str(Path(kernels) / "connection.json"),
        )
        client = NotebookClient(
            notebook, km=manager, timeout=SECONDS_FOR_A_CELL, resources={"metadata": {"path": str(folder)}}
        )
        # Figures are shown as notebooks show them, whatever this process draws with.
        environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
        client.execute(env=environment)
    return notebook


if __name__ == "__main__":
    source, result, folder = map(Path, sys.argv[1:])
    nbformat.write(run(source, folder), result)
