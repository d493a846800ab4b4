"""Read what lesson "A network that somebody else trained" borrows, once, into files without code.

    python benchmarks/faces.py SITE_PACKAGES

That folder has mtcnn 1.0.0, scikit-image 0.26.0 and lz4, such as `pip install --target` fills it.

mtcnn hands its weights out as a pickle, compressed with lz4, and whoever opens a pickle runs the
program that it is. Here that happens once. What the course carries are plain arrays, read with
allow_pickle=False, and JPEG files: course_utils/lessons/borrowed/, whose README.md names the
authors and the licences.
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.lessons import faces

PICTURES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
# In the order of mtcnn's file.
LAYERS = ("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3", "fc4", "prelu4", "box", "logits")


def weights(packages):
    """R-Net's arrays, {"conv1.kernel": array}."""
    import joblib
    import lz4.frame

    packed = (packages / "mtcnn/assets/weights/rnet.lz4").read_bytes()
    found = joblib.load(io.BytesIO(lz4.frame.decompress(packed)))
    model = faces.rnet()
    names = [
        weight.path.replace("/", ".") for name in LAYERS for weight in model.get_layer(name).weights
    ]
    return dict(zip(names, found, strict=True))


def main(packages):
    sys.path.append(str(packages))
    np.savez(faces.FOLDER / "rnet.npz", **weights(packages))
    patches = np.load(packages / "skimage/data/lfw_subset.npy", allow_pickle=False)
    np.savez_compressed(faces.FOLDER / "patches.npz", patches=np.round(255 * patches).astype("u1"))
    for name in PICTURES:
        picture = Image.open(packages / "skimage/data" / name).convert("RGB")
        picture.save((faces.FOLDER / name).with_suffix(".jpg"), quality=85)
    print({path.name: path.stat().st_size for path in sorted(faces.FOLDER.iterdir())})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
