"""Response times, throughput and memory growth of the app's server. Server and clients share this machine's cores."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import urllib3
from PIL import Image

from src.benchmark.synthetic_pictures import draw_on_canvas
from src.common.errors import InputError
from src.common.workspace import REPOSITORY, Workspace
from src.data.datasets import load_dataset

_PORT = 7861
URL = f"http://127.0.0.1:{_PORT}/"
_NUM_CLIENTS = 16
_LOAD_SECONDS = 15


@dataclass(frozen=True)
class _Responses:
    """What clients measured."""

    milliseconds: npt.NDArray[np.float64]  # from each request to its response
    num_errors: int  # responses with another status than 200


def measure_server(workspace: Workspace, soak_minutes: float = 5.0) -> dict[str, Any]:
    """Send a drawing of 280x280 pixels, a PNG file, to a server on this machine again and again.

    Returns:
        http_p50_ms, http_p99_ms: milliseconds from request to response with one client, median and 99th percentile.
        http_rps: responses per second to 16 clients.
        soak_growth_mb: growth of the server's memory in `soak_minutes` at half of that load.
        server_mb: the server's memory at the end.
        http_errors: failed requests among all of these.
    """
    buffer = BytesIO()
    Image.fromarray(draw_on_canvas(load_dataset(workspace).images[0])).save(buffer, "PNG")
    png = buffer.getvalue()
    with serve(workspace) as process:
        _send(png, num_clients=1, seconds=2)  # warms up
        alone = _send(png, num_clients=1, seconds=10)
        loaded = _send(png, num_clients=_NUM_CLIENTS, seconds=_LOAD_SECONDS)
        rate = (len(loaded.milliseconds) - loaded.num_errors) / _LOAD_SECONDS
        before = _measure_memory(process)
        soak = _send(png, num_clients=_NUM_CLIENTS, seconds=60 * soak_minutes, rate=rate / 2)
        after = _measure_memory(process)
    return {
        "http_p50_ms": round(float(np.median(alone.milliseconds)), 2),
        "http_p99_ms": round(float(np.quantile(alone.milliseconds, 0.99)), 2),
        "http_rps": round(rate, 1),
        "soak_growth_mb": round(after - before, 1),
        "server_mb": round(after, 1),
        "http_errors": alone.num_errors + loaded.num_errors + soak.num_errors,
    }


@contextmanager
def serve(workspace: Workspace) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the app in a process of its own at `URL` until the block ends; the block starts when the page is ready.

    Raises:
        InputError: the server ended before that, or another one listens there.
    """
    if _is_ready():
        raise InputError(f"another program answers at {URL}; stop it first")
    command = [sys.executable, "-m", "scripts.app", "--port", str(_PORT)]
    environment = os.environ | {"DIGITS_WORKSPACE": str(workspace.root)}
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.DEVNULL)
    try:
        while not _is_ready():
            if process.poll() is not None:
                raise InputError(f"the app does not start; to see why, run: python -m scripts.app --port {_PORT}")
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait()


def _is_ready() -> bool:
    try:
        response = urllib3.request("GET", URL, retries=False)
        return response.status == 200 and b"being prepared" not in response.data
    except urllib3.exceptions.HTTPError:
        return False


def _send(png: bytes, num_clients: int, seconds: float, rate: float | None = None) -> _Responses:
    """Send a picture from several clients, as fast as they get responses or at `rate` requests per second in all."""
    body, content_type = urllib3.encode_multipart_formdata({"file": ("digit.png", png, "image/png")})
    end = time.perf_counter() + seconds

    def run_client(_: int) -> list[tuple[float, bool]]:
        # http.client takes less of the cores, which the server needs too, than urllib3 or requests.
        connection = HTTPConnection("127.0.0.1", _PORT)
        responses = []
        while (started := time.perf_counter()) < end:
            connection.request("POST", "/api/predict", body, {"Content-Type": content_type})
            response = connection.getresponse()
            response.read()
            responses.append((time.perf_counter() - started, response.status == 200))
            if rate is not None:
                time.sleep(max(0.0, num_clients / rate - (time.perf_counter() - started)))
        return responses

    with ThreadPoolExecutor(num_clients) as pool:
        responses = [response for client in pool.map(run_client, range(num_clients)) for response in client]
    times, is_ok = zip(*responses, strict=True)
    return _Responses(1000 * np.array(times), len(is_ok) - sum(is_ok))


def _measure_memory(process: subprocess.Popen[bytes]) -> float:
    """Measure the memory of a process and its children in megabytes; pages that they share count once."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in (process.pid, *children)]
    return sum(int(text.partition("\nPss:")[2].split()[0]) for text in texts) / 1000
