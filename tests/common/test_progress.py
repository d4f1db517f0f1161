"""Progress: plain lines on stderr, and those of another process."""

import pytest

from src.common import progress
from src.common.progress import bar, close_remote_bars, format_duration, say, send_to, show


@pytest.fixture
def sent(monkeypatch):
    """The events that this process sends as a worker with the label 'smoke fold 0'."""
    events = []
    monkeypatch.setattr(progress, "_display", progress._display)  # Restores it after the test.
    send_to(events.append, "smoke fold 0")
    return events


def test_lines_go_to_stderr_and_bars_are_not_drawn_in_a_log(capfd):
    with bar("folds", 2) as fold_done:
        say("a line with [brackets]")
        fold_done()
    out, err = capfd.readouterr()
    assert err == "a line with [brackets]\n" and not out


def test_a_worker_sends_its_lines_and_outermost_bar(sent):
    with bar("epochs", 2) as epoch_done:
        say("  epoch 1/2")
        say("smoke fold 0: 150 rows")
        with bar("batches", 10) as batch_done:
            batch_done()
        epoch_done()
    names = [event[0] for event in sent]
    assert names == ["open", "say", "say", "advance", "close"]
    assert sent[0][2:] == ("smoke fold 0, epochs", 2, 0)
    assert [event[1] for event in sent[1:3]] == ["smoke fold 0   epoch 1/2", "smoke fold 0: 150 rows"]


def test_events_of_a_worker_are_shown_and_its_bars_closed_when_it_dies(capfd):
    for event in (("open", "key", "smoke fold 0, epochs", 2, 0), ("say", "a line"), ("advance", "key")):
        show(event)
    assert capfd.readouterr().err == "a line\n"
    close_remote_bars()
    close_remote_bars()  # There are none left.


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (45, "45 s"), (99, "99 s"), (720, "12 min"), (12_600, "3.5 h")]
)
def test_durations_have_a_suitable_unit(seconds, text):
    assert format_duration(seconds) == text
