"""The steps of the benchmark of a GPU, on a CPU and with a tiny network."""

from dataclasses import replace

import pytest

from src.benchmark import gpu
from src.common.workspace import Workspace
from src.experiments import EXPERIMENTS
from tests.conftest import snapshot

SMOKE = EXPERIMENTS["smoke"]
TINY = replace(SMOKE, name="tiny", trainer=replace(SMOKE.trainer, epochs=10))


@pytest.fixture
def few(monkeypatch):
    """Two trainings at once at most."""
    monkeypatch.setattr(gpu, "_FOLDS_AT_ONCE", (2,))


@pytest.mark.slow
def test_each_step_gives_its_figures_and_the_workspace_stays_as_it_is(trained, few):
    before = snapshot(trained.root)
    results = {result.pop("step"): result for result in gpu.measure_gpu(trained, [TINY], SMOKE)}
    assert snapshot(trained.root) == before
    assert not [result["error"] for result in results.values() if "error" in result]
    machine, smoke, alone, accuracy, together, published = results.values()
    assert machine["num_train_rows"] == 300 and machine["device"] == "cpu:0"
    assert smoke["same_fields"] and smoke["here"].keys() == smoke["cpu"].keys()
    assert alone["1"]["images_per_second"] > 0 and 0 <= together["2"]["between_epochs"] < 1
    assert accuracy["cpu"].keys() == {"accuracy", "standard_error"} <= accuracy.keys()
    best = max(alone["1"]["images_per_second"], together["2"]["images_per_second"])
    assert published["seconds"] == pytest.approx(15 * 45 * 37_800 / best, rel=0.01)
    elapsed = [result["elapsed_seconds"] for result in results.values()]
    assert elapsed == sorted(elapsed)


def test_an_error_ends_its_step_alone_and_late_steps_do_not_start(small, monkeypatch, capsys):
    def fail(*arguments):
        raise MemoryError("out of memory")

    for step in ("_compare_records", "_measure_speed", "_measure_accuracy"):
        monkeypatch.setattr(gpu, step, fail)
    machine, *others, last = gpu.measure_gpu(small, [TINY], SMOKE)
    assert "error" not in machine and last["error"].startswith("ValueError")  # There is no speed to start from.
    assert {result["error"] for result in others} == {"MemoryError: out of memory"}
    assert "in fail" in capsys.readouterr().err
    monkeypatch.setattr(gpu, "_LATEST_START", -1)
    assert all("not started" in result["error"] for result in gpu.measure_gpu(small, [TINY], SMOKE))


def test_without_data_the_sample_is_used(tmp_path):
    machine = next(gpu.measure_gpu(Workspace(tmp_path / "empty")))
    assert machine["num_train_rows"] == 4000
    assert not (tmp_path / "empty").exists()


def test_fields_of_nested_records():
    record = {"seed": 1, "versions": {"jax": None}, "history": [{"loss": 1.0}, {"loss": 0.5, "seconds": 2.0}]}
    assert gpu._list_fields(record) == {
        ".seed", ".versions", ".versions.jax", ".history", ".history[].loss", ".history[].seconds",
    }  # fmt: skip
