"""The course's small networks for 28x28 images, every layer named, so that reports can be read."""

from course_utils.backend import keras

layers = keras.layers


def article_cnn(seed: int = 0) -> keras.Sequential:
    """Build the CNN of the article's section 5.2: 32 filters, one pooling, Dense 64, softmax.

    347,146 parameters, 347,040 of them in three kernels. `seed` fixes the initial weights, and the
    order of batches and every other draw after it in this process. The model is compiled as in the
    article (Adam, cross-entropy, accuracy), for integer labels.

    >>> article_cnn().count_params()
    347146
    """
    keras.utils.set_random_seed(seed)
    return _sequential(
        "article_cnn",
        layers.Conv2D(32, 3, activation="relu", name="conv"),
        layers.MaxPooling2D(2, name="pool"),
        layers.Flatten(name="flatten"),
        layers.Dense(64, activation="relu", name="dense"),
        layers.Dense(10, activation="softmax", name="output"),
    )


def lenet5(classes: int = 10, seed: int = 0) -> keras.Sequential:
    """Build LeNet-5 in the form that pruning papers use (20-50-500-10, 5x5, no padding).

    431,080 parameters and 2,293,000 MACs, as in Han et al. 2015 (arXiv 1506.02626).

    >>> lenet5().count_params()
    431080
    """
    keras.utils.set_random_seed(seed)
    return _sequential(
        "lenet5",
        layers.Conv2D(20, 5, name="conv1"),
        layers.MaxPooling2D(2, name="pool1"),
        layers.Conv2D(50, 5, name="conv2"),
        layers.MaxPooling2D(2, name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(500, activation="relu", name="fc1"),
        layers.Dense(classes, activation="softmax", name="fc2"),
    )


def lenet300(seed: int = 0) -> keras.Sequential:
    """Build LeNet-300-100, the dense network of pruning papers: 300, 100, 10 units, ReLU.

    266,610 parameters, 266,200 of them in three kernels, and as many MACs, as in Han et al. 2015
    (arXiv 1506.02626). Each column of "fc1/kernel" has one weight a pixel.

    >>> lenet300().count_params()
    266610
    """
    keras.utils.set_random_seed(seed)
    return _sequential(
        "lenet300",
        layers.Flatten(name="flatten"),
        layers.Dense(300, activation="relu", name="fc1"),
        layers.Dense(100, activation="relu", name="fc2"),
        layers.Dense(10, activation="softmax", name="fc3"),
    )


def norm_cnn(seed: int = 0) -> keras.Sequential:
    """Build a small CNN with batch normalization behind each of its two convolutions.

    >>> norm_cnn().count_params()
    18570
    """
    keras.utils.set_random_seed(seed)
    return _sequential(
        "norm_cnn",
        layers.Conv2D(16, 5, name="conv1"),
        layers.BatchNormalization(momentum=0.9, name="norm1"),
        layers.ReLU(name="relu1"),
        layers.MaxPooling2D(2, name="pool1"),
        layers.Conv2D(32, 5, name="conv2"),
        layers.BatchNormalization(momentum=0.9, name="norm2"),
        layers.ReLU(name="relu2"),
        layers.MaxPooling2D(2, name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(10, activation="softmax", name="output"),
    )


def residual_cnn(seed: int = 0) -> keras.Model:
    """Build a small CNN that branches: a shortcut, a depthwise convolution, a concatenation.

    >>> len(residual_cnn().layers)
    13
    """
    keras.utils.set_random_seed(seed)
    x = image = keras.Input((28, 28, 1), name="image")
    x = stem = layers.Conv2D(16, 3, 2, "same", activation="relu", name="stem")(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_a")(x)
    x = layers.Conv2D(16, 3, padding="same", name="conv_b")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Add(name="add")([x, stem])
    x = layers.DepthwiseConv2D(3, 2, "same", activation="relu", name="depth")(x)
    x = point = layers.Conv2D(24, 1, activation="relu", name="point")(x)
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="side")(x)
    x = layers.Concatenate(name="concat")([point, x])
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(32, activation="relu", name="hidden")(x)
    x = layers.Dense(10, activation="softmax", name="output")(x)
    return compiled(keras.Model(image, x, name="residual_cnn"))


def compiled(
    model: keras.Model, optimizer: str | keras.optimizers.Optimizer = "adam"
) -> keras.Model:
    """Compile `model` as the course does everywhere: a new Adam, cross-entropy, accuracy.

    >>> compiled(keras.Sequential([keras.Input((4,)), layers.Dense(2)])).compiled
    True
    """
    accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")  # why: see build_optimizer
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=[accuracy])
    return model


def _sequential(name: str, *inner: keras.Layer) -> keras.Sequential:
    return compiled(keras.Sequential([keras.Input((28, 28, 1), name="image"), *inner], name=name))
