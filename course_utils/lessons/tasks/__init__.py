"""Tasks beyond single digits, with data that the project makes itself: pictures, sounds, words."""

from course_utils.lessons.tasks.average_precision import (
    average_precisions,
    mean_average_precision,
    precision_recall,
)
from course_utils.lessons.tasks.boxes import Objects, box_iou
from course_utils.lessons.tasks.detection import decode, detect, detection_loss, detector, encode
from course_utils.lessons.tasks.scenes import Canvas, Scenes, load_scenes, make_scenes
from course_utils.lessons.tasks.segmentation import class_ious, mean_iou, pixel_weights, unet

__all__ = [
    "Canvas",
    "Objects",
    "Scenes",
    "average_precisions",
    "box_iou",
    "class_ious",
    "decode",
    "detect",
    "detection_loss",
    "detector",
    "encode",
    "load_scenes",
    "make_scenes",
    "mean_average_precision",
    "mean_iou",
    "pixel_weights",
    "precision_recall",
    "unet",
]
