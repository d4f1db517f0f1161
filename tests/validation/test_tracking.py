"""Fold records in TensorBoard, MLflow and Weights & Biases, written and read by the real packages."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest

from src.common.errors import InputError
from src.common.workspace import REPOSITORY, Workspace
from src.validation.tracking import TRACKERS, make_tracker
from tests.fold_results import RECORD

TRACKED = replace(
    RECORD,
    recipe={"train_fraction": 1.0, "trainer": {"epochs": 2}},
    history=[{"loss": 1.5, "valid_accuracy": 0.7}, {"loss": 0.5, "valid_accuracy": 0.9}],
)
LOSSES, RESULT = {1: 1.5, 2: 0.5}, {3: 1.0}
WRITE = """
import sys
from pathlib import Path
from src.common.workspace import Workspace
from src.validation.fold_results import FoldRecord
from src.validation.tracking import TRACKERS, make_tracker

record = FoldRecord(**eval(sys.argv[1]))
for tool in TRACKERS:
    make_tracker(tool, Workspace(Path(sys.argv[2])))(record)
"""


def read_tensorboard(directory):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(directory / "tensorboard" / "a" / "fold_0"))
    events.Reload()
    figures = {}
    for name in ("history/loss", "result/valid_accuracy"):
        figures[name] = {event.step: event.tensor_proto.float_val[0] for event in events.Tensors(name)}
    return figures


def read_mlflow(directory):
    """Read the database itself: importing the package again would take seconds."""
    with closing(sqlite3.connect(directory / "mlflow.db")) as database:
        assert database.execute("SELECT name FROM experiments WHERE experiment_id > 0").fetchall() == [("a",)]
        assert database.execute("SELECT name, status FROM runs").fetchall() == [("fold 0", "FINISHED")]
        params = dict(database.execute("SELECT key, value FROM params"))
        assert params["trainer.epochs"] == "2" and params["recipe_hash"] == "abc"
        figures = {}
        for name, step, value in database.execute("SELECT key, step, value FROM metrics"):
            figures.setdefault(name, {})[step] = value
    return figures


def read_wandb(directory):
    """Read the log of an offline run: a header of 7 bytes, then records, each after its checksum, size and type."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = (directory / "wandb").glob("offline-run-*/*.wandb")
    contents, start, figures = path.read_bytes(), 7, {}
    assert len(contents) < 2**15  # Larger files are divided into blocks.
    while start < len(contents):
        size = int.from_bytes(contents[start + 4 : start + 6], "little")
        record = Record.FromString(contents[start + 7 : start + 7 + size])
        start += 7 + size
        if record.HasField("run"):
            assert (record.run.run_group, record.run.display_name) == ("a", "a fold 0")
            config = {item.key: json.loads(item.value_json) for item in record.run.config.update}
            assert config["trainer.epochs"] == 2 and config["recipe_hash"] == "abc"
        for item in record.history.item:
            name = item.key or "/".join(item.nested_key)
            figures.setdefault(name, {})[record.history.step.num] = json.loads(item.value_json)
    return figures


@pytest.mark.slow
def test_each_program_gets_the_record_and_no_host_is_asked(tmp_path, offline):
    command = [sys.executable, "-c", WRITE, repr(vars(TRACKED)), str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, env=offline, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for read in (read_tensorboard, read_mlflow, read_wandb):
        figures = read(tmp_path / "oof" / "tracking")
        assert figures["history/loss"] == LOSSES and figures["result/valid_accuracy"] == RESULT, read


def test_a_missing_package_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match=r"needs the package mlflow; install it: .*requirements-tracking.txt"):
        make_tracker("mlflow", Workspace(tmp_path))


def test_a_record_that_cannot_be_written_does_not_end_the_training(tmp_path, monkeypatch, capfd):
    def fail(record):
        raise RuntimeError("database is locked")

    monkeypatch.setitem(TRACKERS, "mlflow", lambda directory: fail)
    make_tracker("mlflow", Workspace(tmp_path))(RECORD)
    assert "mlflow did not get a fold 0 (database is locked)" in capfd.readouterr().err
