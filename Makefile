# A thin face on the npm scripts. Every target sets up what it needs: dependencies come from the npm registry, and the
# `node` package among them runs the scripts, whatever Node is installed.

.DEFAULT_GOAL := help
INSTALLED := node_modules/.package-lock.json

# npm itself runs under that Node too: under an older one it leaves out, without a word, the optional packages that ask
# for a newer, and the native halves of build tools are such packages.
NODE_VERSION = $(shell node -p "require('./package.json').devDependencies.node")

.PHONY: help demo test build bench lint format format-check typecheck check-package examples clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

$(INSTALLED): package.json package-lock.json
	npm exec --yes --package=node@$(NODE_VERSION) -- npm ci --no-audit --no-fund
	@touch $(INSTALLED)

demo: $(INSTALLED) ## Run the two demo skills: one is blocked, one does its work
	@npm run --silent demo

test: $(INSTALLED) ## Build and run all tests, on the current Node and on the oldest supported one
	@npm run --silent test

build: $(INSTALLED) ## Build the host and the bundled guests into dist/
	@npm run --silent build

bench: $(INSTALLED) ## Build and run the benchmarks
	@npm run --silent bench

lint: $(INSTALLED) ## Lint, with types
	@npm run --silent lint

format: $(INSTALLED) ## Format in place
	@npm run --silent format

format-check: $(INSTALLED) ## Check the format
	@npm run --silent format:check

typecheck: $(INSTALLED) ## Check the types of sources, tests, scripts and examples
	@npm run --silent typecheck

check-package: $(INSTALLED) ## Build, pack, install and check the package as its users get it
	@npm run --silent check:package

examples: $(INSTALLED) ## Run the examples and the snippets of the documents
	@npm run --silent examples

clean: ## Remove everything that is built
	rm -rf dist build coverage
