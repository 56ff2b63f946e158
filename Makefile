# For people. The build itself is CMake's: see CMakePresets.json.
BUILD := build
JOBS ?= $(shell nproc)

help:
	@echo "make demo     set this machine up, build, train a small network on real pictures and run it"
	@echo "make test     set this machine up, build, run all tests"
	@echo "make chat     set up, build, bring a small language model (98 MB) and talk with it"
	@echo "make build    set up and build into $(BUILD)/"
	@echo "make setup    install system packages (apt) and LibTorch (pip, into .venv)"
	@echo "make format   clang-format over all C++ files; format-check only looks"
	@echo "make clean    remove build folders; .venv stays"

setup:
	@tools/setup

# CMake runs again where the build folder is new or the set-up has changed since; ninja does so for all else.
build: setup
	@if [ ! -f $(BUILD)/build.ninja ] || [ .venv/.frugal-setup -nt $(BUILD)/build.ninja ]; then \
	  cmake --preset release; fi
	@ninja -C $(BUILD) -j $(JOBS)

test: build
	@cd $(BUILD) && ctest -j $(JOBS) --output-on-failure --no-tests=error

demo: build
	@tools/demo

chat: build
	@tools/get-model smollm2
	@$(BUILD)/frugal chat "$${FRUGAL_DATA:-data}/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

format:
	@git ls-files '*.h' '*.cpp' '*.inl' | xargs clang-format-14 -i

format-check:
	@git ls-files '*.h' '*.cpp' '*.inl' | xargs clang-format-14 --dry-run -Werror

clean:
	rm -rf build build-*

.PHONY: help setup build test demo chat format format-check clean
