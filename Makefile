# Every target but help, clean and lock sets the environment up first, where that is needed.
# Another Python for the first set-up:   make lab PYTHON=python3.12
# Arguments for the program behind it:   make lab ARGS="--no-browser --port 9999"
PYTHON ?= python3
ARGS ?=
COURSE = $(PYTHON) tools/environment.py

.DEFAULT_GOAL := help
.PHONY: help lab test peers zoo bench bench-full scoreboard setup notebooks check-notebooks wheel site student hosted grade hub pages slides format lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab:  ## Open the course in JupyterLab (Ctrl-C ends it)
	@$(COURSE) lab $(ARGS)

test:  ## Check style, then run the tests and every notebook (the long tests, too: ARGS=--full)
	@$(COURSE) test $(ARGS)

peers:  ## Compare with other libraries (one: ARGS=tfmot, ARGS=torch); ARGS=colab: lessons as there
	@$(COURSE) peers $(ARGS)

zoo:  ## Try other people's networks, those of keras-hub, too (some: ARGS="hub/Bert* examples/*")
	@$(COURSE) zoo $(ARGS)

bench:  ## Time the course beside other libraries, 15 minutes (one part: ARGS=masks; --quick)
	@$(COURSE) bench $(ARGS)

bench-full:  ## The same for an hour or two, with narrow quartiles
	@$(COURSE) bench --full $(ARGS)

setup:  ## Make the environment in .venv, and nothing else
	@$(COURSE) setup

notebooks:  ## Make the notebooks from notebooks/src, executing those that changed
	@$(COURSE) run tools/notebooks.py build $(ARGS)

check-notebooks:  ## Tell whether the notebooks are in step with their sources
	@$(COURSE) run tools/notebooks.py check $(ARGS)

wheel:  ## Make dist/course_utils-*.whl: the library alone, without the lessons
	@$(COURSE) run tools/library_wheel.py $(ARGS)

site:  ## Build the course as web pages, build/site/index.html (needs Node.js for MathJax)
	@$(COURSE) run tools/build_site.py

student:  ## Make dist/pruning-course.zip, the learners' edition without the solved lessons
	@$(COURSE) run tools/student.py $(ARGS)

hosted:  ## Make lessons for Colab and Binder: make hosted ARGS=OWNER/NAME
	@$(COURSE) run tools/hosted.py $(ARGS)

grade:  ## Release or grade exercises with nbgrader: make grade ARGS="release 02"; see docs/teachers.md
	@$(COURSE) grade $(ARGS)

hub:  ## Serve a room with JupyterHub from one environment; see docs/teachers.md
	@$(COURSE) hub $(ARGS)

scoreboard:  ## Judge and rank the .sparse files of a folder: make scoreboard ARGS=FOLDER
	@$(COURSE) run -m course_utils.lessons.scoreboard $(ARGS)

slides:  ## Make the slides that are out of date, HTML and PDF (needs Node.js 18; Chromium)
	@$(COURSE) run tools/slides.py build $(ARGS)

pages:  ## Make the pages in docs/: coverage, questions, glossary, references, models
	@$(COURSE) run tools/pages.py build $(ARGS)

format:  ## Format the Python files (the notebooks follow with make notebooks)
	@$(COURSE) run -m ruff check --fix --exit-zero --exclude '*.ipynb' $(ARGS)
	@$(COURSE) run -m ruff format --exclude '*.ipynb' $(ARGS)

lock:  ## Write requirements.lock from pyproject.toml (newest: ARGS=--upgrade)
	@$(COURSE) run -m uv pip compile pyproject.toml --all-extras --universal \
		--fork-strategy fewest --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header -q -o requirements.lock $(ARGS)

clean:  ## Remove the environment and the caches
	@$(COURSE) clean
