"""The open tasks of lessons 05 to 19 and 21: no single right answer, but a score and a mark.

A lesson says the rules; its task, shown, the mark to beat; and `task.judge(answer)` measures an
answer on what no lesson shows: test images, other seeds, other networks.
"""
