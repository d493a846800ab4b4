"""Small configurations of keras-hub's backbones that see pictures by convolutions."""

from keras_hub import models

Backbone = models.Backbone
SMALL = (32, 32, 3)


def resnet(open_size: bool = True) -> Backbone:
    return models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 64, 96, 128],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        image_shape=(None, None, 3) if open_size else (64, 64, 3),
    )


def hgnet(**options: object) -> Backbone:
    config = {
        "stem_channels": [3, 16, 24],
        "embedding_size": 24,
        "stackwise_stage_filters": [[24, 16, 32, 1, 2, 3], [32, 24, 48, 1, 2, 3]],
        "apply_downsample": [False, True],
        "use_lightweight_conv_block": [False, True],
        "depths": [1, 1],
        "hidden_sizes": [32, 48],
        "hidden_act": "relu",
        "use_learnable_affine_block": True,
        "image_shape": (64, 64, 3),
    }
    return models.HGNetV2Backbone(**{**config, **options})


def mobilenet() -> Backbone:
    return models.MobileNetBackbone(
        stackwise_expansion=[[24, 32], [48, 48]],
        stackwise_num_blocks=[2, 2],
        stackwise_num_filters=[[16, 16], [24, 24]],
        stackwise_kernel_size=[[3, 3], [5, 5]],
        stackwise_num_strides=[[2, 1], [2, 1]],
        stackwise_se_ratio=[[None, None], [0.25, 0.25]],
        stackwise_activation=[["relu", "relu"], ["hard_swish", "hard_swish"]],
        stackwise_padding=[[1, 1], [2, 2]],
        output_num_filters=64,
        input_activation="hard_swish",
        output_activation="hard_swish",
        input_num_filters=16,
        image_shape=SMALL,
        depthwise_filters=8,
        depthwise_stride=2,
        depthwise_residual=False,
        squeeze_and_excite=0.5,
        last_layer_filter=48,
    )


def mobilenet_v5() -> Backbone:
    none, zeros = [[0], [0, 0]], [[0.0], [0.0, 0.0]]
    return models.MobileNetV5Backbone(
        stackwise_block_types=[["er"], ["uir", "uir"]],
        stackwise_num_blocks=[1, 2],
        stackwise_num_filters=[[24], [32, 32]],
        stackwise_strides=[[2], [2, 1]],
        stackwise_act_layers=[["relu"], ["relu", "relu"]],
        stackwise_exp_ratios=[[4.0], [4.0, 4.0]],
        stackwise_se_ratios=zeros,
        stackwise_dw_kernel_sizes=[[0], [5, 5]],
        stackwise_dw_start_kernel_sizes=none,
        stackwise_dw_end_kernel_sizes=none,
        stackwise_exp_kernel_sizes=[[3], [0, 0]],
        stackwise_pw_kernel_sizes=[[1], [0, 0]],
        stackwise_num_heads=none,
        stackwise_key_dims=none,
        stackwise_value_dims=none,
        stackwise_kv_strides=none,
        stackwise_use_cpe=[[False], [False, False]],
        image_shape=SMALL,
        stem_size=16,
        use_msfa=False,
    )


def efficientnet() -> Backbone:
    return models.EfficientNetBackbone(
        stackwise_kernel_sizes=[3, 3, 5],
        stackwise_num_repeats=[1, 2, 2],
        stackwise_input_filters=[16, 16, 24],
        stackwise_output_filters=[16, 24, 32],
        stackwise_expansion_ratios=[1, 4, 4],
        stackwise_squeeze_and_excite_ratios=[0.0, 0.25, 0.25],
        stackwise_strides=[1, 2, 2],
        stackwise_block_types=["fused", "unfused", "v1"],
        stackwise_force_input_filters=[0] * 3,
        stackwise_nores_option=[False] * 3,
        width_coefficient=1.0,
        depth_coefficient=1.0,
        image_shape=(64, 64, 3),
    )


def cspnet() -> Backbone:
    return models.CSPNetBackbone(
        stem_filters=16,
        stem_kernel_size=3,
        stem_strides=1,
        stackwise_strides=2,
        stackwise_depth=[1, 2, 2],
        stackwise_num_filters=[16, 24, 32],
        block_type="dark_block",
        down_growth=True,
        bottle_ratio=(0.5, 1.0),
        block_ratio=(1.0, 0.5),
        expand_ratio=(2.0, 1.0),
        stage_type="csp",
        stem_padding="same",
        image_shape=(None, None, 3),
    )


def densenet() -> Backbone:
    return models.DenseNetBackbone(
        [2, 2, 2], compression_ratio=0.5, growth_rate=8, image_shape=(64, 64, 3)
    )


def vgg() -> Backbone:
    return models.VGGBackbone([1, 2], [16, 24], image_shape=(32, 32, 3))


def xception() -> Backbone:
    return models.XceptionBackbone(
        [[16, 24], [32, 32], [48, 48]], [False, True, False], image_shape=(None, None, 3)
    )


BACKBONES = {
    "CSPNetBackbone": cspnet,
    "DenseNetBackbone": densenet,
    "EfficientNetBackbone": efficientnet,
    "HGNetV2Backbone": hgnet,
    "MobileNetBackbone": mobilenet,
    "MobileNetV5Backbone": mobilenet_v5,
    "ResNetBackbone": resnet,
    "VGGBackbone": vgg,
    "XceptionBackbone": xception,
}
