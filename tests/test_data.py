"""Loading MNIST: right files, wrong files, wrong servers, no network, no permission.

Servers are real ones on localhost. Where the real MNIST is needed and not on this machine
(COURSE_DATA_DIR), the test is skipped and says so.
"""

import contextlib
import hashlib
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from course_utils.extras.sparsefile.container import write_whole
from course_utils.lessons.data import Dataset, enlarge, load_digits, load_mnist
from course_utils.lessons.mnist import (
    FILE,
    MNIST_SHA256,
    MNIST_SHAPES,
    MNIST_URL,
    download,
    find_mnist,
    keras_caches,
    read_arrays,
)

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534
DEAD = "http://127.0.0.1:9/mnist.npz"  # the discard port: nothing listens

SMALL = {"a": np.arange(6, dtype=np.uint8).reshape(2, 3), "b": np.arange(4, dtype=np.uint8)}
EXPECTED = (
    {name: array.shape for name, array in SMALL.items()},
    hashlib.sha256(SMALL["a"].tobytes() + SMALL["b"].tobytes()).hexdigest(),
)
# Of each array by itself.
MNIST_DIGESTS = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
PAGE = b"<!DOCTYPE html>\n<html><title>Log in to the network</title></html>"


def npz(save=np.savez, **arrays) -> bytes:
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


def look_alike() -> bytes:
    """Right keys, shapes and types, and wrong pixels."""
    return npz(np.savez_compressed, **{k: np.zeros(s, np.uint8) for k, s in MNIST_SHAPES.items()})


WRONG_FILES = {
    "empty": (b"", "it is empty"),
    "web page": (PAGE, "it is a web page"),
    "text": (b"x_train, y_train", "it is not an npz file"),
    "single array": (b"\x93NUMPY\x01\x00", "it is not an npz file"),
    "half": (npz(**SMALL)[:300], "cut short, damaged"),
    "zip start only": (b"PK\x03\x04", "cut short, damaged"),
    "flipped bit": (npz(**SMALL).replace(bytes(range(6)), bytes(6), 1), "damaged"),
    "missing key": (npz(a=SMALL["a"]), r"no array b \(it holds: a\)"),
    "no key": (npz(), r"no array a \(it holds: nothing\)"),
    "shape": (npz(a=SMALL["a"].T, b=SMALL["b"]), r"a is uint8 \(3, 2\), expected uint8 \(2, 3\)"),
    "type": (npz(a=SMALL["a"], b=SMALL["b"].astype(int)), r"b is int64 \(4,\), expected uint8"),
    "values": (npz(a=SMALL["a"], b=SMALL["b"] + 1), "right shapes and wrong values"),
    "pickle": (npz(a=np.array([{}], dtype=object), b=SMALL["b"]), "allow_pickle=False"),
}


@pytest.mark.parametrize(("content", "message"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_wrong_file_is_named_for_what_it_is(content, message, tmp_path):
    (tmp_path / FILE).write_bytes(content)
    for source in (content, tmp_path / FILE):
        with pytest.raises(ValueError, match=message):
            read_arrays(source, *EXPECTED)


CONTAINERS = {
    "plain": npz(**SMALL),
    "compressed": npz(np.savez_compressed, **SMALL),
    "other order": npz(b=SMALL["b"], a=SMALL["a"]),
    "more keys": npz(**SMALL, c=np.ones(3), d=np.array([None])),
    "Fortran order": npz(a=np.asfortranarray(SMALL["a"]), b=SMALL["b"]),
}


@pytest.mark.parametrize("content", CONTAINERS.values(), ids=CONTAINERS)
def test_any_container_will_do(content):
    found = read_arrays(content, *EXPECTED)
    assert list(found) == ["a", "b"]
    assert all(np.array_equal(found[name], SMALL[name]) for name in SMALL)


def test_an_absurd_size_in_a_header_is_an_error_and_not_a_crash():
    huge = npz(**SMALL).replace(b"(2, 3)", b"(9**9)")  # no literal: NumPy refuses it
    with pytest.raises(ValueError, match="damaged"):
        read_arrays(huge, *EXPECTED)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_folder_or_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ValueError, match="not a file"):
            read_arrays(path, *EXPECTED)


# --- the network ---------------------------------------------------------------------------


def answer(content: bytes, missing: int = 0, status: int = 200):
    """Return a handler that sends content and announces `missing` bytes more."""

    def handle(request):
        request.send_response(status)
        request.send_header("Content-Length", str(len(content) + missing))
        request.end_headers()
        request.wfile.write(content)

    return handle


def redirect(request):
    request.send_response(302)
    request.send_header("Location", "/page")
    request.end_headers()


def drip(header: bool):
    """Return a handler that sends a byte every 50 ms, for ever: in the header or in the body."""

    def handle(request):
        request.wfile.write(b"HTTP/1.0 200 OK\r\n" + (b"X-Slow: " if header else b"\r\n"))
        with contextlib.suppress(OSError):
            while not request.server.over.wait(0.05):
                request.wfile.write(b"x")

    return handle


def hang(after: bytes):
    """Return a handler that goes quiet after some bytes."""

    def handle(request):
        request.wfile.write(after)
        request.server.over.wait()

    return handle


def flood(request):
    request.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
    with contextlib.suppress(OSError):
        while not request.server.over.is_set():
            request.wfile.write(bytes(1 << 20))


@pytest.fixture
def serve(monkeypatch):
    """Return a function that starts a server for {path: handler} and returns its address."""
    monkeypatch.setenv("no_proxy", "*")
    servers = []

    def start(routes):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                routes.get(self.path, answer(b"nothing here", status=404))(self)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.over = threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.over.set()
        server.shutdown()
        server.server_close()


def test_download_returns_the_bytes(serve):
    content = bytes(range(256)) * 5000
    address = serve({"/f": answer(content)})
    assert download(f"{address}/f") == content


BAD_SERVERS = {
    "missing page": (answer(PAGE, status=404), "404", {}),
    "server error": (answer(PAGE, status=503), "503", {}),
    "cut short": (answer(bytes(5000), missing=1000), "cut short: 1,000 bytes are missing", {}),
    "no http": (hang(b"SSH-2.0-OpenSSH\r\n"), "rules of HTTP", {}),
    "silent": (hang(b""), "no answer within 0.5 s|timed out", {"silence": 0.5}),
    "slow header": (drip(header=True), "no answer within 0.5 s", {"silence": 0.5}),
    "stalled": (
        hang(b"HTTP/1.0 200 OK\r\n\r\nPK"),
        "timed out|no answer within 0.5 s",
        {"silence": 0.5},
    ),
    "dripping": (drip(header=False), "too slow: .* bytes came", {"whole": 0.5}),
    "endless": (flood, "longer than 64,000,000 bytes", {"whole": 10_000.0}),
    "redirected in a circle": (redirect, "redirect", {}),
}


@pytest.mark.parametrize(("handler", "message", "limits"), BAD_SERVERS.values(), ids=BAD_SERVERS)
def test_a_bad_server_is_an_os_error(serve, handler, message, limits):
    """Four of them never end by themselves: waiting for them would hang."""
    address = serve({"/page": handler})
    with pytest.raises(OSError, match=message):
        download(f"{address}/page", **limits)


def test_nobody_listening_is_an_os_error():
    with pytest.raises(OSError, match="refused"):
        download(DEAD)


STAND_INS = {
    "login page": ("/login", "what came is not MNIST: it is a web page"),
    "wrong file": ("/other", "what came is not MNIST: it has no array x_train"),
    "look-alike": ("/alike", "what came is not MNIST: its arrays have the right shapes and wrong"),
    "cut short": ("/cut", "cut short: 7 bytes are missing"),
    "absent": ("/absent", "HTTP Error 404"),
    "silent": ("/silent", "no answer within 1 s|timed out"),
}


@pytest.mark.parametrize(("path", "reason"), STAND_INS.values(), ids=STAND_INS)
def test_a_bad_download_is_announced_once_and_leaves_nothing(serve, tmp_path, capsys, path, reason):
    routes = {"/login": redirect, "/page": answer(PAGE), "/other": answer(npz(**SMALL))}
    routes |= {"/cut": answer(npz(**SMALL), missing=7), "/silent": hang(b"")}
    routes |= {"/alike": answer(look_alike() if path == "/alike" else b"")}
    address = serve(routes)
    for _ in range(2):
        assert find_mnist(None, (tmp_path,), address + path, silence=1) is None
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 3
    assert not said.err
    assert re.search(rf"not found \(({reason})", said.out)
    assert str(tmp_path) not in said.out
    assert list(tmp_path.iterdir()) == []


# --- with the real MNIST -------------------------------------------------------------------


@pytest.fixture(scope="session")
def mnist_file():
    path = Path(os.environ.get("COURSE_DATA_DIR") or "nowhere", FILE).absolute()
    if not path.is_file():
        pytest.skip("needs the real MNIST: set COURSE_DATA_DIR to the folder of mnist.npz")
    read_arrays(path, MNIST_SHAPES, MNIST_SHA256)  # a wrong file fails here, with words
    return path


@pytest.fixture(scope="session")
def mnist(mnist_file):
    return load_mnist()


def test_mnist_from_the_named_folder_says_nothing(mnist_file, tmp_path, capsys):
    found = find_mnist(str(mnist_file.parent), (tmp_path,), DEAD)
    for name, digest in MNIST_DIGESTS.items():
        assert found[name].shape == MNIST_SHAPES[name]
        assert found[name].dtype == np.uint8
        assert hashlib.sha256(found[name].tobytes()).hexdigest() == digest
    assert capsys.readouterr() == ("", "")


def test_mnist_from_the_cache_says_nothing(mnist_file, tmp_path, capsys):
    shutil.copy(mnist_file, tmp_path)
    assert find_mnist(None, (tmp_path / "absent", tmp_path), DEAD)
    assert capsys.readouterr() == ("", "")


def test_a_wrong_named_file_is_reported_and_the_cache_is_used(mnist_file, tmp_path, capsys):
    named, cache = tmp_path / "named", tmp_path / "cache"
    named.mkdir(), cache.mkdir()
    (named / FILE).write_bytes(look_alike())
    shutil.copy(mnist_file, cache)
    assert find_mnist(str(named), (cache,), DEAD)["x_train"].any()
    said = capsys.readouterr().out
    assert f"COURSE_DATA_DIR is set, but {named / FILE} is not used: its arrays have" in said
    assert "MNIST online" not in said


@pytest.mark.parametrize("named", ["absent", "a file"])
def test_a_named_folder_without_the_file_is_reported(tmp_path, capsys, named):
    (tmp_path / "a file").write_text("")
    assert find_mnist(str(tmp_path / named), (tmp_path,), DEAD) is None
    assert "COURSE_DATA_DIR is set, but" in capsys.readouterr().out


def test_a_download_is_kept_whole_and_replaces_a_damaged_file(mnist_file, serve, tmp_path, capsys):
    content = mnist_file.read_bytes()
    address = serve({"/m": answer(content)})
    (tmp_path / FILE).write_bytes(content[:9000])
    assert find_mnist(None, (tmp_path,), f"{address}/m")
    said = capsys.readouterr().out
    assert "is not used: it is cut short" in said
    assert said.endswith("... found.\n")
    assert (tmp_path / FILE).read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert find_mnist(None, (tmp_path,), DEAD)
    assert capsys.readouterr().out == ""


def test_a_damaged_file_stays_where_no_download_succeeds(tmp_path, capsys):
    (tmp_path / FILE).write_bytes(PAGE)
    assert find_mnist(None, (tmp_path,), DEAD) is None
    assert (tmp_path / FILE).read_bytes() == PAGE
    assert "delete it yourself" in capsys.readouterr().out


@pytest.mark.parametrize("obstacle", ["file for folder", "folder for file", "no permission"])
def test_a_download_that_cannot_be_kept_is_used_all_the_same(
    mnist_file, serve, open_folder, capsys, obstacle
):
    content, cache = mnist_file.read_bytes(), open_folder / "cache"
    if obstacle == "file for folder":
        cache.write_text("")
    elif obstacle == "folder for file":
        (cache / FILE).mkdir(parents=True)
    else:
        open_folder.chmod(0o555)
    address = serve({"/m": answer(content)})
    with unprivileged():
        for _ in range(2):
            assert find_mnist(None, (cache,), f"{address}/m")["x_train"].any()
    said = capsys.readouterr()
    assert said.out.count("not kept as") == 1
    assert "KERAS_HOME" in said.out
    assert not said.err
    assert not list(open_folder.rglob("*.part"))


TWO_AT_ONCE = """
import sys
from course_utils.lessons.mnist import find_mnist, keras_caches
print(find_mnist(None, keras_caches(), sys.argv[1])["y_train"][:3].tolist())
"""


def test_two_processes_and_a_reader_never_meet_half_a_file(mnist_file, serve, tmp_path):
    content = mnist_file.read_bytes()
    address, path = serve({"/m": answer(content)}), tmp_path / "datasets" / FILE
    command = [sys.executable, "-c", TWO_AT_ONCE, f"{address}/m"]
    environment = {**os.environ, "KERAS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    sizes = set()
    while any(process.poll() is None for process in running):
        if path.exists():
            sizes.add(path.stat().st_size)
    assert [process.communicate()[0].splitlines()[-1] for process in running] == ["[5, 0, 4]"] * 2
    assert sizes == {len(content)}
    assert path.read_bytes() == content
    assert [found.name for found in path.parent.iterdir()] == [FILE]


def test_the_validation_split_is_the_end_of_the_training_images(mnist, mnist_file):
    with np.load(mnist_file) as raw:
        train, labels, test = raw["x_train"], raw["y_train"], raw["x_test"]
    assert (len(mnist.x_train), len(mnist.x_val)) == (50000, 10000)
    assert np.array_equal(np.concatenate([mnist.y_train, mnist.y_val]), labels)
    for part, pixels in (
        (mnist.x_train, train[:50000]),
        (mnist.x_val, train[50000:]),
        (mnist.x_test, test),
    ):
        assert np.array_equal(part[..., 0], pixels / np.float32(255))


def test_mnist_is_named(mnist):
    assert (mnist.name, mnist.caption, mnist.stand_in) == ("MNIST", "MNIST", False)
    assert repr(mnist).splitlines()[1:] == [
        "  train  50,000 images",
        "  val    10,000 images",
        "  test   10,000 images",
    ]


# --- permissions ---------------------------------------------------------------------------


@contextlib.contextmanager
def unprivileged():
    """Be nobody for a while where the tests run as root, who may do anything."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder():
    """Return a folder that nobody can enter; pytest's own are closed to other users."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")


@posix_only
@pytest.mark.parametrize("where", ["named", "cache"])
def test_a_file_that_may_not_be_read_is_reported(open_folder, capsys, where):
    (open_folder / FILE).write_bytes(PAGE)
    (open_folder / FILE).chmod(0)
    named, cache = (open_folder, Path("absent")) if where == "named" else ("", open_folder)
    with unprivileged():
        assert find_mnist(str(named), (cache,), DEAD) is None
    assert re.search(rf"{open_folder / FILE},? is not used: Permission", capsys.readouterr().out)


def test_keeping_fails_whole(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(OSError, match=FILE):
        write_whole(b"content", tmp_path / FILE)
    assert list(tmp_path.iterdir()) == [tmp_path / FILE]


@posix_only
def test_a_kept_file_has_the_usual_permissions(tmp_path):
    write_whole(b"content", tmp_path / "new" / FILE)
    (tmp_path / "other").write_bytes(b"content")
    assert (tmp_path / "new" / FILE).stat().st_mode == (tmp_path / "other").stat().st_mode


def test_the_cache_is_where_keras_has_it(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "not yet" / "there"))
    assert keras_caches() == (tmp_path / "not yet" / "there" / "datasets",)
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert keras_caches() == (tmp_path / ".keras" / "datasets",)


READ_ONLY_HOME = """
import os, sys
from course_utils.lessons.mnist import keras_caches
if os.getuid() == 0:
    os.setuid(int(sys.argv[1]))
print(*keras_caches(), sep="\\n")
"""


@posix_only
def test_a_read_only_home_is_read_and_the_temporary_folder_written(open_folder):
    open_folder.chmod(0o555)
    done = run(READ_ONLY_HOME, str(NOBODY), KERAS_HOME=str(open_folder))
    first, second = done.stdout.splitlines()
    assert first == str(open_folder / "datasets")
    assert second.endswith("/.keras/datasets")


def test_the_address_is_the_one_that_keras_uses():
    keras = importlib.util.find_spec("keras")
    source = Path(keras.origin).parent / "src" / "datasets" / "mnist.py"
    folder, name = MNIST_URL.rsplit("/", 1)
    assert f'"{folder}/"' in source.read_text()
    assert name in source.read_text()


# --- the stand-in --------------------------------------------------------------------------


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run code in a fresh Python whose way to the network ends at a closed port."""
    proxy = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    clean = {
        k: v for k, v in os.environ.items() if k.lower() not in ("course_data_dir", "no_proxy")
    }
    return subprocess.run(
        [sys.executable, "-X", "dev", "-c", code, *arguments],
        env={**clean, **proxy, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


OFFLINE = """
import sys
from course_utils.lessons.data import load_mnist
first, second = load_mnist(), load_mnist()
print(first.name == second.name, "tensorflow" in sys.modules, "keras" in sys.modules)
"""


def test_offline_the_stand_in_is_announced_once_on_stdout_and_without_paths(tmp_path):
    done = run(OFFLINE, KERAS_HOME=str(tmp_path))
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Looking for MNIST online")
    assert "not found (" in lines[0]
    assert "scikit-learn's 1,797 digits" in lines[1]
    assert "differ" in lines[1]
    assert "COURSE_DATA_DIR" in lines[2]
    assert lines[3:] == ["True False False"]
    assert str(tmp_path) not in done.stdout
    assert str(Path.home()) not in done.stdout


def test_the_stand_in_is_named():
    data = load_digits()
    assert data.stand_in
    assert data.name == "scikit-learn digits"
    assert data.caption == "scikit-learn digits, the stand-in for MNIST"
    assert "array" not in repr(data)
    assert len(repr(data).splitlines()) == 4


def test_the_stand_in_is_the_same_everywhere_and_every_time():
    data = load_digits()
    images = np.concatenate([data.x_train, data.x_val, data.x_test])
    labels = np.concatenate([data.y_train, data.y_val, data.y_test])
    digests = [hashlib.sha256(a.astype("<" + a.dtype.str[1:]).tobytes()) for a in (images, labels)]
    assert [d.hexdigest()[:16] for d in digests] == ["b497b530e3b65853", "a3c91c262eddcf7b"]
    assert len(np.unique(images.reshape(1797, -1), axis=0)) == 1797  # no image in two splits
    assert all(np.bincount(y).min() >= 25 for y in (data.y_train, data.y_val, data.y_test))


def test_enlarging_keeps_constants_range_frame_and_symmetry():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 17, (50, 8, 8))
    large = enlarge(images)
    assert large.dtype == np.float32
    assert large.shape == (50, 28, 28)
    assert large.min() >= 0
    assert large.max() <= 1
    assert large[:, 4:24, 4:24].sum() == large.sum()
    assert np.array_equal(enlarge(images[:, ::-1]), large[:, ::-1])
    assert np.array_equal(enlarge(images.transpose(0, 2, 1)), large.transpose(0, 2, 1))
    assert np.array_equal(enlarge(np.full((1, 8, 8), 8))[0, 4:24, 4:24], np.full((20, 20), 0.5))


def test_enlarging_is_linear_interpolation_between_pixel_centres():
    image = np.random.default_rng(1).integers(0, 17, (1, 8, 8))
    centres, at = np.arange(8) + 0.5, (np.arange(20) + 0.5) * 8 / 20
    rows = np.array([np.interp(at, centres, row) for row in image[0]])
    expected = np.array([np.interp(at, centres, column) for column in rows.T]).T / 16
    np.testing.assert_allclose(enlarge(image)[0, 4:24, 4:24], expected, atol=1e-6)


# --- the data set as a thing ---------------------------------------------------------------


@pytest.fixture(params=["digits", "mnist"])
def data(request):
    return load_digits() if request.param == "digits" else request.getfixturevalue("mnist")


def test_types_ranges_and_shapes(data):
    for x, y in (
        (data.x_train, data.y_train),
        (data.x_val, data.y_val),
        (data.x_test, data.y_test),
    ):
        assert x.dtype == np.float32
        assert x.shape == (len(y), 28, 28, 1)
        assert x.min() == 0
        assert x.max() == 1
        assert y.dtype == np.int64
        assert set(np.unique(y)) == set(range(10))


def test_arrays_are_read_only_and_a_copy_is_not(data):
    for array in (data.x_train, data.y_train, data.x_val, data.y_val, data.x_test, data.y_test):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
        assert array[:2].copy().flags.writeable


def test_head_shortens_the_training_set_alone(data):
    short = data.head(100)
    assert np.array_equal(short.x_train, data.x_train[:100])
    assert np.array_equal(short.y_train, data.y_train[:100])
    assert np.shares_memory(short.x_val, data.x_val)
    assert len(short.y_val) == len(short.x_val) == len(data.x_val)
    assert len(short.y_test) == len(short.x_test) == len(data.x_test)
    assert short.caption == data.caption
    assert not short.x_train.flags.writeable
    assert len(data.head(10**6).x_train) == len(data.x_train)


def test_head_shortens_what_is_held_out_on_demand(data):
    short = data.head(100, held_out=20)
    assert len(short.x_train) == len(short.y_train) == 100
    for name in ("x_val", "y_val", "x_test", "y_test"):
        assert np.array_equal(getattr(short, name), getattr(data, name)[:20])
        assert not getattr(short, name).flags.writeable
    assert len(data.head(1, held_out=10**6).x_val) == len(data.x_val)


@pytest.mark.parametrize("n", [0, -3, 1.5])
def test_head_refuses_what_is_no_number_of_images(n):
    with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
        load_digits().head(n)
    with pytest.raises(ValueError, match="held_out must be a whole number of at least 1"):
        load_digits().head(100, held_out=n)


def test_a_data_set_is_frozen():
    with pytest.raises(AttributeError):
        load_digits().name = "MNIST"
    assert isinstance(load_digits(), Dataset)


def test_keras_trains_on_read_only_arrays():
    from course_utils.backend import keras

    data = load_digits().head(64)
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=["accuracy"])
    told = model.fit(
        data.x_train, data.y_train, validation_data=(data.x_val, data.y_val), epochs=2, verbose=0
    )
    assert told.history["loss"][1] < told.history["loss"][0]
    assert 0 <= model.evaluate(data.x_test, data.y_test, verbose=0)[1] <= 1
