"""The borrowed face detector: it computes what mtcnn's own does, here in NumPy, layer by layer."""

import numpy as np
import pytest

from course_utils import structure
from course_utils.lessons import faces
from course_utils.lessons.forgetting import wilson
from course_utils.lessons.tasks import box_iou

BOX = [-0.08449, -0.055073, -0.01023, 0.230608]
FACE = [0.987229, 0.012771]


@pytest.fixture(scope="module")
def model():
    return faces.trained()


@pytest.fixture(scope="module")
def known():
    return faces.patches()


def convolved(x, W, b):
    size, _, _, filters = W.shape
    out = np.zeros((x.shape[0] - size + 1, x.shape[1] - size + 1, filters))
    for row, column in np.ndindex(*out.shape[:2]):
        part = x[row : row + size, column : column + size]
        out[row, column] = np.tensordot(part, W, 3) + b
    return out


def prelu(x, slope):
    return np.where(x > 0, x, slope.reshape(-1) * x)


def pooled(x, pad):
    """The largest of 3 × 3, every second place; `pad` lets the last row and column stand out."""
    x = np.pad(x, ((0, pad), (0, pad), (0, 0)), constant_values=-np.inf)
    count = (len(x) - 3) // 2 + 1
    places = np.ndindex(count, count)
    found = [x[2 * r : 2 * r + 3, 2 * c : 2 * c + 3].max(axis=(0, 1)) for r, c in places]
    return np.reshape(found, (count, count, -1))


def by_hand(patch, w):
    """R-Net without Keras, from the arrays of the file."""
    x = patch.astype(np.float64)
    for name, pad in {"1": 1, "2": 0, "3": None}.items():
        x = convolved(x, w[f"conv{name}.kernel"], w[f"conv{name}.bias"])
        x = prelu(x, w[f"prelu{name}.alpha"])
        x = x if pad is None else pooled(x, pad)
    # Column by column, as Matlab lays pictures out.
    x = np.concatenate([x[row, column] for column in range(3) for row in range(3)])
    x = prelu(x @ w["fc4.kernel"] + w["fc4.bias"], w["prelu4.alpha"])
    box, logits = (x @ w[f"{name}.kernel"] + w[f"{name}.bias"] for name in ("box", "logits"))
    return box, np.exp(logits) / np.exp(logits).sum()


def test_it_computes_what_its_arrays_say(model, known):
    some = known[0][[0, 60, 120, 180]]
    with np.load(faces.FOLDER / "rnet.npz", allow_pickle=False) as arrays:
        weights = dict(arrays)
    outputs = model(some)
    for index, patch in enumerate(some):
        box, face = by_hand(patch, weights)
        np.testing.assert_allclose(outputs["box"][index], box, atol=2e-5)
        np.testing.assert_allclose(outputs["face"][index], face, atol=2e-5)


def test_it_computes_what_mtcnn_does(model):
    """Recorded from mtcnn 1.0.0's own class with its own file, on one made-up patch."""
    rows, columns, colours = np.indices((24, 24, 3))
    patch = np.sin(0.3 * rows + 0.2 * columns + colours)[None].astype("float32")
    outputs = model(patch)
    np.testing.assert_allclose(outputs["box"][0], BOX, atol=2e-5)
    np.testing.assert_allclose(outputs["face"][0], FACE, atol=2e-5)


def test_it_knows_all_faces_of_another_collection(model, known):
    x, y = known
    said = np.asarray(model(x)["face"])[:, 1] > 0.5
    assert (said == y).all()
    assert wilson(0, 200)[1] < 0.02


def test_it_finds_the_one_face_of_the_photograph(model):
    x, places = faces.windows(faces.photograph("astronaut"), (96, 136))
    boxes, sure = faces.detect(model.predict(x, 512, verbose=0), places, sure=0.9)
    assert len(boxes) == len(sure) == 1
    assert box_iou(boxes[0], np.array([176, 62, 262, 168])) > 0.9


def test_it_prunes_exactly_with_its_slopes_and_its_turned_places(model, known):
    channels = structure.channel_groups(model)
    masks = structure.choose(structure.random(channels), 0.5, "layer")
    small, _ = structure.shrink(channels, masks=masks)
    zeros = structure.zeroed(channels, masks)
    assert structure.difference(small, zeros, known[0][:20]) < 1e-5
    assert small.get_layer("prelu3").alpha.shape == (1, 1, 32)


def test_another_file_is_refused(tmp_path, monkeypatch):
    (tmp_path / "rnet.npz").write_bytes(b"another")
    monkeypatch.setattr(faces, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="fetch the course's again"):
        faces.trained()


def test_what_is_borrowed_is_small_and_credited():
    text = (faces.FOLDER / "README.md").read_text("utf-8")
    files = [path for path in faces.FOLDER.iterdir() if path.suffix != ".md"]
    assert all(f"`{path.name}`" in text for path in files)
    assert sum(path.stat().st_size for path in files) < 2.5e6
    assert "Iván de Paz Centeno" in text


def test_crops_are_the_same_for_a_seed_and_lie_inside():
    picture = np.full((60, 80, 3), 255, "uint8")
    x = faces.crops([picture], 20, seed=3)
    assert (x == x.max()).all()
    picture[:30] = 0
    assert np.array_equal(faces.crops([picture], 5, 1), faces.crops([picture], 5, 1))
    assert not np.array_equal(faces.crops([picture], 5, 1), faces.crops([picture], 5, 2))
