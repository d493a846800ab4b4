"""Write a file whole. Kept until its last user has moved; see `course_utils.lessons.mnist`."""

from course_utils.lessons.mnist import keep as keep
