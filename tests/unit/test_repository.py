"""The laws of the house, read from the source: which floor and which room may import what."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ess_ray"
FILES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))
MOST_AT_THE_TOP = 14
MOST_LINES = 300

# The first folder is the floor: what kind of code it is. Floors import downwards only; nothing imports `main`.
FLOORS = {
    "core": set(),
    "adapters": {"core"},
    "actors": {"core", "adapters"},
    "config": {"core", "adapters"},
    "app": {"core", "adapters"},
    "simulator": {"core", "adapters", "config", "app"},
    "cluster": {"core", "adapters", "actors", "simulator"},
    "jobs": {"core", "adapters", "actors", "app", "cluster", "simulator"},
    "generate": {"core", "config", "app"},
    "main": {"core", "config", "app"},
}
# The folder in it is the room: what it is about. Of their own floor rooms import these; the words of the core
# (`errors`, `samples`, …) are a room each. A floor that is not named here has no walls inside.
ROOMS = {
    "core/errors": set(),
    "core/reasons": set(),
    "core/samples": set(),
    "core/batch": {"core/reasons", "core/samples"},
    "core/day": {"core/errors"},
    "core/maps": {"core/errors"},
    "core/importing": {"core/errors", "core/maps"},
    "core/sunspec": {"core/importing", "core/maps", "core/reasons"},
    "core/settings": {"core/day", "core/exporting", "core/importing", "core/maps", "core/samples"},
    "core/storing": {"core/batch", "core/day", "core/maps", "core/reasons", "core/samples"},
    "core/decoding": {"core/batch", "core/maps", "core/storing"},
    "core/polling": {"core/maps", "core/reasons", "core/samples", "core/settings"},
    "core/exporting": {"core/day", "core/errors", "core/maps"},
    "core/reporting": {"core/day", "core/maps", "core/polling", "core/samples"},
    "core/checking": {
        "core/batch",
        "core/decoding",
        "core/maps",
        "core/polling",
        "core/reasons",
        "core/samples",
        "core/settings",
    },
    "core/running": {
        "core/batch",
        "core/day",
        "core/errors",
        "core/maps",
        "core/polling",
        "core/reasons",
        "core/samples",
        "core/settings",
        "core/storing",
    },
    "adapters/local": set(),
    "adapters/importing": {"adapters/local"},
    "adapters/journal": {"adapters/local"},
    "adapters/modbus": {"adapters/local"},
    "adapters/postgres": {"adapters/local"},
    "adapters/postgres/embedded": {"adapters/local"},
    "adapters/stores": {"adapters/local"},
    "adapters/page": {"adapters/local", "adapters/postgres"},
}
# Libraries that a floor may use; adapters: see their own test.
LIBRARIES = {
    "core": {"numpy"},
    "actors": set(),
    "simulator": {"cryptography", "numpy", "yaml"},
    "cluster": {"prometheus_client", "ray"},
    "app": {"rich"},
    "config": {"hydra", "omegaconf", "yaml"},
    "jobs": {"rich"},
    "generate": set(),
    "main": set(),
}
# Of the standard library, what would give the pure part a clock, a socket or a process of its own.
IMPURE = {"asyncio", "multiprocessing", "select", "selectors", "socket", "ssl", "subprocess", "time"}


@cache
def syntax_tree(file: str) -> ast.Module:
    return ast.parse((SOURCE / file).read_text(encoding="utf-8"))


SHARED = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.arg)


@cache
def shared_nodes(file: str) -> list[ast.AST]:
    """The nodes of a file of the package that more than one law looks at, wherever they are in it."""
    return [node for node in ast.walk(syntax_tree(file)) if isinstance(node, SHARED)]


@cache
def imports(file: str) -> frozenset[str]:
    """Every module that a file of the package imports, wherever in the file, as a dotted name."""
    names: set[str] = set()
    for node in shared_nodes(file):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}, line {node.lineno}: imports are absolute"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def floor(module: str) -> str:
    """The floor of a file or a dotted name: `core` of `core/maps/plan.py` and of `ess_ray.core.maps.plan`."""
    return path_of(module).partition("/")[0].removesuffix(".py")


def room(module: str) -> str:
    path = path_of(module)
    folder = path.rpartition("/")[0]
    return path.removesuffix(".py") if folder in {"", "core"} else folder


def path_of(module: str) -> str:
    """The file of a module, or of a name in it: `core/maps/plan.py` of `ess_ray.core.maps.plan.Request`."""
    if module.endswith(".py"):
        return module
    path = module.removeprefix("ess_ray.").replace(".", "/")
    if path in MODULES:
        return f"{path}.py"
    return path_of(module.rpartition(".")[0]) if "." in module else "__init__.py"


MODULES = {file.removesuffix(".py") for file in FILES}


@cache
def imported_files(file: str) -> frozenset[str]:
    """The files of the package that a file imports."""
    paths = {path_of(name) for name in imports(file) if name.startswith("ess_ray.")}
    return frozenset(paths - {"__init__.py", file})


def libraries(file: str) -> set[str]:
    roots = {name.split(".")[0] for name in imports(file)}
    return roots - sys.stdlib_module_names - {"ess_ray"}


PARTS = [file for file in FILES if file != "__init__.py"]


def offenders(violations: Callable[[str], Iterable[str]], files: Iterable[str] = PARTS) -> list[str]:
    """A line for each file that breaks a law, with what breaks it."""
    broken = ((file, sorted(violations(file))) for file in files)
    return [f"{file}: {', '.join(names)}" for file, names in broken if names]


def test_floors_import_downwards() -> None:
    def upwards(file: str) -> set[str]:
        here = floor(file)
        return {other for other in imported_files(file) if floor(other) not in FLOORS[here] | {here}}

    assert offenders(upwards) == []


def test_rooms_import_what_they_may() -> None:
    def through_a_wall(file: str) -> set[str]:
        allowed = ROOMS.get(room(file), set()) | {room(file)}
        return {o for o in imported_files(file) if floor(o) == floor(file) and room(o) not in allowed}

    assert offenders(through_a_wall, [file for file in PARTS if floor(file) in {"core", "adapters"}]) == []


def test_there_is_no_circle_of_imports() -> None:
    try:
        TopologicalSorter({file: imported_files(file) for file in FILES}).prepare()
        TopologicalSorter({here: {*rooms, here} - {here} for here, rooms in ROOMS.items()}).prepare()
    except CycleError as circle:
        pytest.fail(f"these import one another: {circle.args[1]}")


def test_the_top_is_an_overview() -> None:
    assert len({file.partition("/")[0] for file in FILES} | {"page", "py.typed"}) <= MOST_AT_THE_TOP
    flat = {file for file in FILES if file.count("/") == 1 and floor(file) in {"core", "adapters"}}
    assert flat <= {
        f"core/{word}.py" for word in ("__init__", "errors", "reasons", "samples", "batch", "day", "settings")
    } | {"adapters/__init__.py"}


def test_files_are_short() -> None:
    lines = {file: len((SOURCE / file).read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert {file: number for file, number in lines.items() if number > MOST_LINES} == {}


def test_each_floor_uses_only_its_libraries() -> None:
    floors = [file for file in PARTS if floor(file) != "adapters"]
    assert offenders(lambda file: libraries(file) - LIBRARIES[floor(file)], floors) == []


def test_ray_stays_behind_its_seam() -> None:
    others = [file for file in PARTS if not file.startswith("cluster/ray_")]
    assert offenders(lambda file: libraries(file) & {"ray"}, others) == []


def test_an_adapter_wraps_one_library() -> None:
    adapters = [file for file in PARTS if floor(file) == "adapters"]
    assert offenders(lambda file: libraries(file) & {"ray", "hydra", "omegaconf"}, adapters) == []
    assert offenders(lambda file: libraries(file) if len(libraries(file)) > 1 else (), adapters) == []


def test_the_core_has_no_clock_socket_or_process() -> None:
    core = [file for file in PARTS if floor(file) == "core"]
    assert offenders(lambda file: {name.split(".")[0] for name in imports(file)} & IMPURE, core) == []


def outermost_functions(node: ast.AST) -> Iterator[ast.AST]:
    """The functions that are in no other function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.Lambda)):
            yield child
        else:
            yield from outermost_functions(child)


def test_no_variable_hides_a_function_of_its_module() -> None:
    def hidden(file: str) -> set[str]:
        tree = syntax_tree(file)
        callables = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                callables.update(alias.asname or alias.name for alias in node.names)
        arguments = {node.arg for node in shared_nodes(file) if isinstance(node, ast.arg)}
        names = (node for scope in outermost_functions(tree) for node in ast.walk(scope) if isinstance(node, ast.Name))
        return callables & (arguments | {node.id for node in names if isinstance(node.ctx, ast.Store)})

    assert offenders(hidden) == []


def test_no_two_classes_have_the_same_name() -> None:
    files = defaultdict(list)
    for file in PARTS:
        for node in shared_nodes(file):
            if isinstance(node, ast.ClassDef):
                files[node.name].append(file)
    assert {name: named for name, named in files.items() if len(named) > 1} == {}


ERRORS = {node.name for node in syntax_tree("core/errors.py").body if isinstance(node, ast.ClassDef)}


def public_functions(tree: ast.AST, docs: str = "") -> Iterator[tuple[ast.FunctionDef, str]]:
    """Public functions, and those of public classes, each with its docstring and that of its class."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            described = docs + (ast.get_docstring(node) or "")
            if isinstance(node, ast.FunctionDef):
                yield node, described
            else:
                yield from public_functions(node, described)


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions and classes inside it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            yield node
            yield from own_nodes(node)


def test_a_docstring_names_the_errors_that_its_function_raises() -> None:
    def unnamed(file: str) -> set[str]:
        return {
            f"{function.name} raises {node.exc.func.id}"
            for function, docs in public_functions(syntax_tree(file))
            for node in own_nodes(function)
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name)
            if node.exc.func.id in ERRORS and node.exc.func.id not in docs
        }

    assert offenders(unnamed) == []
