"""A face detector that somebody else trained, and pictures that nobody labelled for it.

R-Net is the second of three networks of MTCNN: a patch of 24 × 24 pixels in; out come four numbers
that shift the patch's corners towards a face, and how sure it is of one. Weights: the package mtcnn
1.0.0 (Iván de Paz Centeno, MIT licence), after Zhang et al. 2016 (arXiv 1604.02878). Pictures and
patches: scikit-image. borrowed/README.md has the licences; benchmarks/faces.py made the files.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.backend import keras, tf
from course_utils.lessons import recorded

FOLDER = Path(__file__).parent / "borrowed"
SIZE = 24  # pixels: the side of a patch
LARGEST = 240  # of a random crop
DIGEST = "5f70696cd912e6a0a8b2b467175711714832ed6c66565092bcab2f3ed508eb8e"
layers = keras.layers


def rnet() -> keras.Model:
    """Return R-Net with new weights; outputs {"box": (n, 4), "face": (n, 2)}, no face and face.

    >>> rnet().count_params()
    100178
    """
    x = inputs = keras.Input((SIZE, SIZE, 3), name="patch")
    for name, filters, size, pool in (
        ("1", 28, 3, "same"), ("2", 48, 3, "valid"), ("3", 64, 2, None),
    ):  # fmt: skip
        x = layers.Conv2D(filters, size, name=f"conv{name}")(x)
        x = layers.PReLU(shared_axes=(1, 2), name=f"prelu{name}")(x)
        x = layers.MaxPooling2D(3, 2, pool, name=f"pool{name}")(x) if pool else x
    x = layers.Permute((2, 1, 3), name="permute")(x)  # the weights come from Matlab: columns first
    x = layers.Dense(128, name="fc4")(layers.Flatten(name="flatten")(x))
    x = layers.PReLU(name="prelu4")(x)
    box, logits = layers.Dense(4, name="box")(x), layers.Dense(2, name="logits")(x)
    outputs = {"box": box, "face": layers.Softmax(name="face")(logits)}
    return keras.Model(inputs, outputs, name="rnet")


def trained() -> keras.Model:
    """Return R-Net as its author trained it. Raises ValueError for a file that is another one.

    >>> trained().count_params()
    100178
    """
    model = rnet()
    with np.load(recorded.intact(FOLDER / "rnet.npz", DIGEST), allow_pickle=False) as arrays:
        for weight in model.weights:
            weight.assign(arrays[weight.path.replace("/", ".")])
    return model


def patches() -> tuple[np.ndarray, np.ndarray]:
    """Return 200 grey patches as R-Net takes them, (200, 24, 24, 3), and which of them are faces.

    The first 100 are faces of Labeled Faces in the Wild, the others its backgrounds.

    >>> x, y = patches()
    >>> x.shape, int(y.sum())
    ((200, 24, 24, 3), 100)
    """
    with np.load(FOLDER / "patches.npz", allow_pickle=False) as arrays:
        grey = arrays["patches"]
    small = np.stack([_resized(Image.fromarray(one), (SIZE, SIZE)) for one in grey])
    return prepared(np.repeat(small[..., None], 3, axis=3)), np.arange(len(grey)) < 100


def photograph(name: str) -> np.ndarray:
    """Return "astronaut", "chelsea", "coffee" or "rocket" in colour, (height, width, 3) of bytes.

    >>> photograph("coffee").shape
    (400, 600, 3)
    """
    return np.asarray(Image.open(FOLDER / f"{name}.jpg"))


def prepared(pictures: np.ndarray) -> np.ndarray:
    """Scale bytes to about -1 to 1, as R-Net was trained with.

    >>> prepared(np.array([0, 255], "uint8")).tolist()
    [-0.99609375, 0.99609375]
    """
    return ((np.asarray(pictures, "float32") - 127.5) / 128).astype("float32")


def crops(pictures: list[np.ndarray], n: int, seed: int = 0) -> np.ndarray:
    """Cut n squares out of pictures, at random places, as R-Net takes them.

    They are 24 to 240 pixels wide, or as wide as the picture.

    >>> crops([photograph("coffee")], 5).shape
    (5, 24, 24, 3)
    """
    rng, opened = np.random.default_rng(seed), [Image.fromarray(one) for one in pictures]
    found = []
    for index in range(n):
        picture = opened[index % len(opened)]
        largest = min(LARGEST, *picture.size)
        side = SIZE * (largest / SIZE) ** rng.random()  # as many below the middle, 76, as above
        left, top = (rng.random() * (length - side) for length in picture.size)
        found.append(_resized(picture, (SIZE, SIZE), (left, top, left + side, top + side)))
    return prepared(np.stack(found))


def around(picture: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Cut out a box and a third of its width on all sides, as far as the picture goes.

    >>> around(np.zeros((100, 100, 3), "uint8"), np.array([40, 40, 70, 80])).shape
    (60, 50, 3)
    """
    left, top, right, bottom = box
    edge = (right - left) / 3
    rows = slice(max(0, int(top - edge)), int(bottom + edge))
    return picture[rows, max(0, int(left - edge)) : int(right + edge)]


def varied(x: np.ndarray) -> np.ndarray:
    """Return pictures of which every second is grey, and every fourth a mirror image, too.

    >>> varied(np.arange(12.0).reshape(1, 1, 4, 3))[0, 0, :, 0].tolist()
    [10.0, 7.0, 4.0, 1.0]
    """
    x = np.array(x)
    x[::2] = x[::2].mean(axis=-1, keepdims=True)
    x[::4] = x[::4, :, ::-1]
    return x


def windows(picture: np.ndarray, sides: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return all patches of a picture with these sides, and their boxes (left, top, right, bottom).

    Neighbours are a sixth of a side apart.

    >>> x, boxes = windows(photograph("coffee"), (200,))
    >>> x.shape, boxes[0].tolist()
    ((91, 24, 24, 3), [0.0, 0.0, 200.0, 200.0])
    """
    found, places = [], []
    for side in sides:
        shape = [round(length * SIZE / side) for length in picture.shape[:2]]
        small = prepared(_resized(Image.fromarray(picture), shape[::-1]))
        for top in range(0, shape[0] - SIZE + 1, SIZE // 6):
            for left in range(0, shape[1] - SIZE + 1, SIZE // 6):
                found.append(small[top : top + SIZE, left : left + SIZE])
                places.append(np.array([left, top, left + SIZE, top + SIZE]) * side / SIZE)
    return np.stack(found), np.stack(places)


def detect(
    outputs: dict[str, np.ndarray], places: np.ndarray, sure: float = 0.7, overlap: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes of faces, surest first, and how sure the network is of each.

    A box is shifted as R-Net says. Of those that overlap more than `overlap` (intersection over
    union), the surest stays: non-maximum suppression, by TensorFlow.

    >>> outputs = {"box": np.zeros((2, 4)), "face": np.array([[0.1, 0.9], [0.0, 1.0]])}
    >>> detect(outputs, np.array([[0, 0, 10, 10], [1, 0, 11, 10]]))[0].tolist()
    [[1.0, 0.0, 11.0, 10.0]]
    """
    faces = np.asarray(outputs["face"])[:, 1]
    side = (places[:, 2] - places[:, 0])[:, None]
    boxes = places + np.asarray(outputs["box"]) * side
    single = (boxes.astype("float32"), faces.astype("float32"))
    kept = tf.image.non_max_suppression(*single, len(faces), overlap, sure).numpy()
    return boxes[kept], faces[kept]


def _resized(picture: Image.Image, size: tuple[int, int], box: tuple | None = None) -> np.ndarray:
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box))
