"""Tasks beyond single digits, with data that the project makes itself: pictures, sounds, words."""

# ruff: noqa: F401 (what is imported here is what lessons call by this folder's name)

from course_utils.lessons.tasks.boxes import box_iou, mean_average_precision, precision_recall
from course_utils.lessons.tasks.detection import detect, detector, to_cells
from course_utils.lessons.tasks.scenes import Canvas, load_scenes, make_scenes
from course_utils.lessons.tasks.segmentation import class_ious, mean_iou, unet
