"""How fast the digit reader's server answers, and whether it grows. Server and clients share this machine's cores."""

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
import urllib3
from PIL import Image

from src.benchmark.synthetic_pictures import draw_on_canvas
from src.common.workspace import REPOSITORY, Workspace
from src.data.datasets import load_dataset

PORT = 7861
URL = f"http://127.0.0.1:{PORT}/"
CROWD = 16  # clients


@dataclass(frozen=True)
class Answers:
    """What clients saw."""

    milliseconds: np.ndarray  # from each request to its answer
    num_errors: int  # answers that were not 200


def measure_server(workspace: Workspace, soak_minutes: float = 5.0) -> dict[str, Any]:
    """Ask a server on this machine to read a drawing of 280x280 pixels, a PNG file, again and again.

    Returns:
        http_p50_ms, http_p99_ms: from request to answer, one client.
        http_rps: answers a second to 16 clients.
        soak_growth_mb: by how much the server's memory grows in so many minutes at half of that load.
        server_mb: its memory at the end.
        http_errors: of all these requests.
    """
    buffer = BytesIO()
    Image.fromarray(draw_on_canvas(load_dataset(workspace).images[0])).save(buffer, "PNG")
    picture = buffer.getvalue()
    with serve(workspace) as process:
        _ask(picture, num_clients=1, seconds=2)  # warms up
        alone = _ask(picture, num_clients=1, seconds=10)
        crowd = _ask(picture, num_clients=CROWD, seconds=15)
        rate = (len(crowd.milliseconds) - crowd.num_errors) / 15
        before = _measure_memory(process)
        soak = _ask(picture, num_clients=CROWD, seconds=60 * soak_minutes, rate=rate / 2)
        after = _measure_memory(process)
    return {
        "http_p50_ms": round(float(np.median(alone.milliseconds)), 2),
        "http_p99_ms": round(float(np.quantile(alone.milliseconds, 0.99)), 2),
        "http_rps": round(rate, 1),
        "soak_growth_mb": round(after - before, 1),
        "server_mb": round(after, 1),
        "http_errors": alone.num_errors + crowd.num_errors + soak.num_errors,
    }


@contextmanager
def serve(workspace: Workspace) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the digit reader in a process of its own, at URL, until the block ends; its page is ready."""
    command = [sys.executable, "-m", "scripts.app", "--port", str(PORT)]
    environment = os.environ | {"DIGITS_WORKSPACE": str(workspace.root)}
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.DEVNULL)
    try:
        up = urllib3.Retry(total=None, connect=200, backoff_factor=0.05, backoff_max=0.1)
        pool = urllib3.PoolManager(retries=up)
        while b"being prepared" in pool.request("GET", URL).data:
            time.sleep(0.2)  # importing Gradio takes a core for seconds
        yield process
    finally:
        process.terminate()
        process.wait()


def _ask(picture: bytes, num_clients: int, seconds: float, rate: float | None = None) -> Answers:
    """Send the picture from several clients, as fast as they are answered or at a rate (requests a second in all)."""
    body, kind = urllib3.encode_multipart_formdata({"file": ("digit.png", picture, "image/png")})
    end = time.perf_counter() + seconds

    def run_client(_: int) -> list[tuple[float, bool]]:
        connection = HTTPConnection("127.0.0.1", PORT)  # takes little of the cores that the server needs as well
        answers = []
        while (started := time.perf_counter()) < end:
            connection.request("POST", "/api/predict", body, {"Content-Type": kind})
            answer = connection.getresponse()
            answer.read()
            answers.append((time.perf_counter() - started, answer.status == 200))
            if rate is not None:
                time.sleep(max(0.0, num_clients / rate - (time.perf_counter() - started)))
        return answers

    with ThreadPoolExecutor(num_clients) as pool:
        answers = [answer for answers in pool.map(run_client, range(num_clients)) for answer in answers]
    times, fine = zip(*answers, strict=True)
    return Answers(1000 * np.array(times), len(fine) - sum(fine))


def _measure_memory(process: subprocess.Popen[bytes]) -> float:
    """Memory of a process and its children, megabytes; pages that they share count once."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in (process.pid, *children)]
    return sum(int(text.partition("\nPss:")[2].split()[0]) for text in texts) / 1000
