"""Networks of keras.applications in plain torch: the same layers, and as many parameters."""

import torch
from torch import nn


def conv(inputs: int, outputs: int, size: int = 1, stride: int = 1, **more) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, **more)


class VGG16(nn.Module):
    """Thirteen convolutions of 3x3, three dense layers."""

    def __init__(self) -> None:
        super().__init__()
        layers, inputs = [], 3
        for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(count):
                layers += [conv(inputs, width, 3), nn.ReLU()]
                inputs = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.dense = nn.Sequential(nn.Linear(7 * 7 * 512, 4096), nn.ReLU(), nn.Linear(4096, 4096))
        self.classes = nn.Linear(4096, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classes(self.dense(self.features(x).flatten(1)).relu())


class Bottleneck(nn.Module):
    """Three convolutions beside a shortcut; the stride is in the first, as in Keras."""

    def __init__(self, inputs: int, width: int, stride: int, project: bool) -> None:
        super().__init__()
        self.way = nn.Sequential(
            *(conv(inputs, width, 1, stride), nn.BatchNorm2d(width), nn.ReLU()),
            *(conv(width, width, 3), nn.BatchNorm2d(width), nn.ReLU()),
            *(conv(width, 4 * width), nn.BatchNorm2d(4 * width)),
        )
        self.short = (
            nn.Sequential(conv(inputs, 4 * width, 1, stride), nn.BatchNorm2d(4 * width))
            if project
            else nn.Identity()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.way(x) + self.short(x)).relu()


class ResNet50(nn.Module):
    """Sixteen bottlenecks, convolutions with biases, as in Keras."""

    def __init__(self) -> None:
        super().__init__()
        layers, inputs = [conv(3, 64, 7, 2), nn.BatchNorm2d(64), nn.ReLU()], 64
        layers.append(nn.MaxPool2d(3, 2, padding=1))
        for width, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
            for number in range(count):
                layers.append(Bottleneck(inputs, width, 1 if number else stride, not number))
                inputs = 4 * width
        self.features, self.classes = nn.Sequential(*layers), nn.Linear(inputs, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classes(self.features(x).mean((2, 3)))


class Inverted(nn.Module):
    """A wide depthwise convolution between two narrow ends; a sum where shapes allow it."""

    def __init__(self, inputs: int, outputs: int, stride: int, widen: int) -> None:
        super().__init__()
        wide = widen * inputs
        layers = [conv(inputs, wide, bias=False), nn.BatchNorm2d(wide), nn.ReLU6()]
        self.way = nn.Sequential(
            *(layers if widen > 1 else []),
            *(conv(wide, wide, 3, stride, groups=wide, bias=False), nn.BatchNorm2d(wide)),
            *(nn.ReLU6(), conv(wide, outputs, bias=False), nn.BatchNorm2d(outputs)),
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.way(x) if self.adds else self.way(x)


class MobileNetV2(nn.Module):
    """Seventeen inverted residuals."""

    TABLE = (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
        (6, 320, 1, 1),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        layers, inputs = [conv(3, 32, 3, 2, bias=False), nn.BatchNorm2d(32), nn.ReLU6()], 32
        for widen, outputs, count, stride in self.TABLE:
            for number in range(count):
                layers.append(Inverted(inputs, outputs, 1 if number else stride, widen))
                inputs = outputs
        layers += [conv(inputs, 1280, bias=False), nn.BatchNorm2d(1280), nn.ReLU6()]
        self.features, self.classes = nn.Sequential(*layers), nn.Linear(1280, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classes(self.features(x).mean((2, 3)))


class Dense(nn.Module):
    """A layer of DenseNet: what it computes goes behind what it was given."""

    def __init__(self, inputs: int, growth: int = 32) -> None:
        super().__init__()
        self.way = nn.Sequential(
            *(nn.BatchNorm2d(inputs), nn.ReLU(), conv(inputs, 4 * growth, bias=False)),
            *(nn.BatchNorm2d(4 * growth), nn.ReLU(), conv(4 * growth, growth, 3, bias=False)),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, self.way(x)], 1)


class DenseNet121(nn.Module):
    """Four blocks of 6, 12, 24 and 16 layers, with narrower passages between them."""

    def __init__(self) -> None:
        super().__init__()
        layers, width = [conv(3, 64, 7, 2, bias=False), nn.BatchNorm2d(64), nn.ReLU()], 64
        layers.append(nn.MaxPool2d(3, 2, padding=1))
        for count in (6, 12, 24, 16):
            layers += [Dense(width + 32 * number) for number in range(count)]
            width += 32 * count
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
            if count != 16:
                layers += [conv(width, width // 2, bias=False), nn.AvgPool2d(2)]
                width //= 2
        self.features, self.classes = nn.Sequential(*layers), nn.Linear(width, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classes(self.features(x).mean((2, 3)))


NETWORKS = {made.__name__: made for made in (ResNet50, VGG16, MobileNetV2, DenseNet121)}


def network(name: str, seed: int) -> nn.Module:
    """Return a network with random weights, so large that what goes in is seen in what comes out.

    As in Keras, biases are 0: an output that is a bias would tell nothing of the channels.
    """
    torch.manual_seed(seed)
    model = NETWORKS[name]().eval()
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model
