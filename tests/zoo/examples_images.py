"""Networks in the manner of keras.io's examples: what is in a picture, and where."""

import keras
from examples import example
from keras import layers as L
from keras import ops


@example
def simple_mnist_convnet() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            L.Conv2D(32, (3, 3), activation="relu"),
            L.MaxPooling2D((2, 2)),
            L.Conv2D(64, (3, 3), activation="relu"),
            L.MaxPooling2D((2, 2)),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(10, activation="softmax"),
        ]
    )


@example
def image_classification_from_scratch() -> keras.Model:
    inputs = keras.Input((48, 48, 3))
    x = L.Rescaling(1.0 / 255)(inputs)
    x = L.Activation("relu")(L.BatchNormalization()(L.Conv2D(32, 3, 2, padding="same")(x)))
    before = x
    for size in (32, 48, 64):
        for _ in range(2):
            x = L.Activation("relu")(x)
            x = L.BatchNormalization()(L.SeparableConv2D(size, 3, padding="same")(x))
        x = L.MaxPooling2D(3, strides=2, padding="same")(x)
        x = L.add([x, L.Conv2D(size, 1, strides=2, padding="same")(before)])
        before = x
    x = L.BatchNormalization()(L.SeparableConv2D(96, 3, padding="same")(x))
    x = L.GlobalAveragePooling2D()(L.Activation("relu")(x))
    return keras.Model(inputs, L.Dense(1, activation=None)(L.Dropout(0.25)(x)))


@example
def augmented_residual_classifier() -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    x = L.RandomTranslation(0.1, 0.1)(L.RandomFlip("horizontal")(inputs))
    x = L.Conv2D(16, 3, padding="same", use_bias=False)(L.Normalization()(x))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        y = L.ReLU()(L.BatchNormalization()(x))
        short = x if stride == 1 else L.Conv2D(filters, 1, strides=stride)(y)
        y = L.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(y)
        y = L.ReLU()(L.BatchNormalization()(y))
        x = L.Add()([short, L.Conv2D(filters, 3, padding="same", use_bias=False)(y)])
    x = L.GlobalAveragePooling2D()(L.ReLU()(L.BatchNormalization()(x)))
    return keras.Model(inputs, L.Dense(10, activation="softmax")(x))


@example
def unet_xception_style() -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    x = L.Activation("relu")(L.BatchNormalization()(L.Conv2D(16, 3, 2, padding="same")(inputs)))
    before = x
    for filters in (24, 32, 48):
        for _ in range(2):
            x = L.Activation("relu")(x)
            x = L.BatchNormalization()(L.SeparableConv2D(filters, 3, padding="same")(x))
        x = L.MaxPooling2D(3, strides=2, padding="same")(x)
        before = x = L.add([x, L.Conv2D(filters, 1, strides=2, padding="same")(before)])
    for filters in (48, 32, 24, 16):
        for _ in range(2):
            x = L.Activation("relu")(x)
            x = L.BatchNormalization()(L.Conv2DTranspose(filters, 3, padding="same")(x))
        x = L.UpSampling2D(2)(x)
        short = L.Conv2D(filters, 1, padding="same")(L.UpSampling2D(2)(before))
        before = x = L.add([x, short])
    return keras.Model(inputs, L.Conv2D(3, 3, activation="softmax", padding="same")(x))


@example
def unet_of_open_size() -> keras.Model:
    x = inputs = keras.Input((None, None, 1))
    skips = []
    for filters in (8, 16):
        x = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
        skips.append(x)
        x = L.MaxPooling2D()(x)
    x = L.Conv2D(32, 3, padding="same", activation="relu")(x)
    for filters, skip in zip((16, 8), reversed(skips), strict=True):
        x = L.Concatenate()([L.Conv2DTranspose(filters, 2, strides=2)(x), skip])
        x = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, L.Conv2D(1, 1, activation="sigmoid")(x))


@example
def deeplab_v3_plus() -> keras.Model:
    def block(x, filters=32, size=3, rate=1, use_bias=False):
        x = L.Conv2D(filters, size, dilation_rate=rate, padding="same", use_bias=use_bias)(x)
        return ops.nn.relu(L.BatchNormalization()(x))

    inputs = keras.Input((64, 64, 3))
    low = block(L.MaxPooling2D(4)(block(inputs, 16)), 24)
    x = block(L.MaxPooling2D(4)(low), 48)
    pooled = L.AveragePooling2D(pool_size=(x.shape[-3], x.shape[-2]))(x)
    pooled = block(pooled, size=1, use_bias=True)
    pooled = L.UpSampling2D((4, 4), interpolation="bilinear")(pooled)
    parts = [pooled, *(block(x, size=size, rate=rate) for size, rate in ((1, 1), (3, 2), (3, 3)))]
    x = L.UpSampling2D((4, 4), interpolation="bilinear")(block(L.Concatenate()(parts), size=1))
    x = block(block(L.Concatenate()([x, block(low, 12, size=1)])))
    x = L.UpSampling2D((4, 4), interpolation="bilinear")(x)
    return keras.Model(inputs, L.Conv2D(5, 1, padding="same")(x))


@example
def fully_convolutional_segmentation() -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    pools, x = [], inputs
    for filters in (16, 24, 32):
        x = L.MaxPooling2D()(L.Conv2D(filters, 3, padding="same", activation="relu")(x))
        pools.append(x)
    x = L.Conv2D(32, 1, activation="relu")(L.Dropout(0.5)(L.Conv2D(48, 3, padding="same")(x)))
    scores = [L.Conv2D(4, 1, activation="linear")(one) for one in (pools[1], x)]
    both = L.Add()([scores[0], L.UpSampling2D(2, interpolation="bilinear")(scores[1])])
    up = L.UpSampling2D(4, interpolation="bilinear")(both)
    return keras.Model(inputs, L.Activation("softmax")(up))


@example
def feature_pyramid_head() -> keras.Model:
    x = inputs = keras.Input((64, 64, 3))
    levels = []
    for filters in (16, 24, 32, 48):
        x = L.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        levels.append(x := L.ReLU()(L.BatchNormalization()(x)))
    p3, p4, p5 = (L.Conv2D(32, 1)(level) for level in levels[1:])
    p4 = p4 + L.UpSampling2D(2)(p5)
    p3 = p3 + L.UpSampling2D(2)(p4)
    outputs = [L.Conv2D(32, 3, padding="same")(one) for one in (p3, p4, p5)]
    p6 = L.Conv2D(32, 3, strides=2, padding="same")(levels[-1])
    return keras.Model(inputs, [*outputs, p6])


@example
def retinanet_like() -> keras.Model:
    def head(outputs: int, name: str) -> keras.Model:
        layers = [keras.Input((None, None, 24))]
        for _ in range(2):
            layers += [L.Conv2D(24, 3, padding="same"), L.ReLU()]
        return keras.Sequential([*layers, L.Conv2D(outputs, 3, padding="same")], name=name)

    x = inputs = keras.Input((64, 64, 3))
    levels = []
    for filters in (16, 24, 32, 48):
        x = L.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
        levels.append(x)
    p5, p4 = L.Conv2D(24, 1)(levels[3]), L.Conv2D(24, 1)(levels[2])
    p4 = L.Add()([p4, L.UpSampling2D(2)(p5)])
    classes, boxes = head(9 * 3, "classes"), head(9 * 4, "boxes")
    found = [
        [L.Reshape((-1, width))(tower(level)) for level in (p4, p5)]
        for tower, width in ((classes, 3), (boxes, 4))
    ]
    outputs = {
        "classes": L.Concatenate(axis=1)(found[0]),
        "boxes": L.Concatenate(axis=1)(found[1]),
    }
    return keras.Model(inputs, outputs)


@example
def keypoint_detection() -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    base = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            L.Conv2D(16, 3, strides=2, activation="relu"),
            L.Conv2D(24, 3, strides=2, activation="relu"),
        ],
        name="base",
    )
    x = L.Dropout(0.3)(base(keras.applications.imagenet_utils.preprocess_input(inputs, mode="tf")))
    x = L.SeparableConv2D(24, kernel_size=3, strides=1, activation="relu")(x)
    return keras.Model(inputs, L.SeparableConv2D(8, kernel_size=5, activation="sigmoid")(x))


@example
def handwriting_ctc() -> keras.Model:
    image = keras.Input((64, 16, 1), name="image")
    x = L.Conv2D(16, 3, activation="relu", kernel_initializer="he_normal", padding="same")(image)
    x = L.MaxPooling2D((2, 2))(x)
    x = L.MaxPooling2D((2, 2))(L.Conv2D(24, 3, activation="relu", padding="same")(x))
    x = L.Reshape(target_shape=(16, 4 * 24))(x)
    x = L.Dropout(0.2)(L.Dense(32, activation="relu")(x))
    x = L.Bidirectional(L.LSTM(24, return_sequences=True, dropout=0.25))(x)
    x = L.Bidirectional(L.LSTM(16, return_sequences=True, dropout=0.25))(x)
    return keras.Model(image, L.Dense(11, activation="softmax")(x))


@example
def siamese_contrastive() -> keras.Model:
    def tower() -> keras.Model:
        x = inputs = keras.Input((28, 28, 1))
        x = L.AveragePooling2D(2)(L.Conv2D(8, 5, activation="tanh")(L.BatchNormalization()(x)))
        x = L.AveragePooling2D(2)(L.Conv2D(16, 5, activation="tanh")(x))
        return keras.Model(inputs, L.Dense(10, activation="tanh")(L.Flatten()(x)), name="tower")

    def distance(pair):
        total = ops.sum(ops.square(pair[0] - pair[1]), axis=1, keepdims=True)
        return ops.sqrt(ops.maximum(total, keras.backend.epsilon()))

    left, right, shared = keras.Input((28, 28, 1)), keras.Input((28, 28, 1)), tower()
    apart = distance((shared(left), shared(right)))
    return keras.Model([left, right], L.Dense(1, activation="sigmoid")(apart))


@example
def siamese_triplet() -> keras.Model:
    x = start = keras.Input((32, 32, 3))
    for filters in (16, 24, 32):
        x = L.ReLU()(L.BatchNormalization()(L.Conv2D(filters, 3, strides=2, use_bias=False)(x)))
    x = L.BatchNormalization()(L.Dense(48, activation="relu")(L.Flatten()(x)))
    embedding = keras.Model(start, L.Dense(16)(x), name="embedding")
    anchor, good, bad = (keras.Input((32, 32, 3), name=name) for name in ("anchor", "good", "bad"))
    a, g, b = embedding(anchor), embedding(good), embedding(bad)
    near, far = (ops.sum(ops.square(a - other), -1) for other in (g, b))
    return keras.Model([anchor, good, bad], [near, far])


@example
def transfer_learning() -> keras.Model:
    base = keras.applications.MobileNetV2(
        input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None
    )
    base.trainable = False
    inputs = keras.Input((32, 32, 3))
    x = base(L.Rescaling(1 / 127.5, offset=-1)(inputs), training=False)
    return keras.Model(inputs, L.Dense(1)(L.Dropout(0.2)(L.GlobalAveragePooling2D()(x))))


@example
def gradcam_of_two_outputs() -> keras.Model:
    base = keras.applications.MobileNet(
        input_shape=(32, 32, 3), alpha=0.25, weights=None, classes=5
    )
    return keras.Model(base.inputs, [base.get_layer("conv_pw_11_relu").output, base.output])


@example
def multi_input_multi_output() -> keras.Model:
    picture = keras.Input((16, 16, 3), name="picture")
    series = keras.Input((20, 6), name="series")
    x1 = L.GlobalMaxPooling2D()(L.Conv2D(12, 3)(L.Conv2D(12, 3)(picture)))
    x2 = L.GlobalMaxPooling1D()(L.Conv1D(12, 3)(L.Conv1D(12, 3)(series)))
    x = L.concatenate([x1, x2])
    outputs = {"score": L.Dense(1)(x), "class": L.Dense(5, activation="softmax")(x)}
    return keras.Model({"picture": picture, "series": series}, outputs)


@example
def bounding_box_and_class() -> keras.Model:
    x = inputs = keras.Input((32, 32, 3))
    for filters in (16, 32):
        x = L.LeakyReLU(0.1)(L.GroupNormalization(4)(L.Conv2D(filters, 3, padding="same")(x)))
        x = L.MaxPooling2D()(x)
    x = L.Flatten()(x)
    box = L.Dense(4, activation="sigmoid", name="box")(L.Dense(32, activation="relu")(x))
    kind = L.Dense(3, activation="softmax", name="kind")(L.Dense(32, activation="relu")(x))
    return keras.Model(inputs, [box, kind])
