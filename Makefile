# make help lists what there is.
#
# PYTHON   the Python 3.11 that everything starts from
# SERIES   narrows `make test`, `test-upstream` and `bench`, such as SERIES="19.0 17.0"
# ADDONS   narrows `make test` to the tests of these addons
# TESTS    narrows `make test` to these files, folders or test ids
# PREFIX   the folder that `make install-host` copies the host helper to
# SERVE    SERVE=0 ends `make demo` and its stories instead of serving
# KILLS    how often `make test-chaos` kills at least (60)
# SEED     makes `make test-chaos` kill as a run did that printed it

PYTHON ?= python3
PREFIX ?= /usr/local/sbin
SERVE ?= 1
# The series whose sources are on this machine; asked for only where it is used.
FOUND = $(shell $(PYTHON) -c "from tools import source; print(*source.found())")
export SERVE KILLS SEED

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-rollback demo-restore test test-host test-chaos test-upstream test-tamper bench install-host lint format stop clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST)

setup:  ## get Odoo, PostgreSQL and the Python packages
	@$(PYTHON) -m tools.setup $(SERIES)

demo:  ## build the demo shop, put a new version live on this machine and serve it
	@$(PYTHON) -m tools.demo

demo-rollback:  ## the same with a version whose upgrade breaks: it is taken back
	@$(PYTHON) -m tools.demo --story rollback

demo-restore:  ## the same, then data is damaged: the database is restored
	@$(PYTHON) -m tools.demo --story restore

test:  ## run all tests on every series found
	@$(PYTHON) -m tools.test --series "$(SERIES)" --addons "$(ADDONS)" --tests "$(TESTS)"

test-host:  ## put releases live and take them back on a whole host, and ask it for every verb
	@$(PYTHON) -m tools.test --series "$(or $(SERIES),19.0)" --tests "tests/host tests/host/way_back.py tests/host/verbs.py"

test-chaos:  ## kill Odoo, helper, PostgreSQL and SSH at random moments of whole releases
	@$(PYTHON) -m tools.test --series "$(or $(SERIES),19.0)" --tests "tests/host/kills.py tests/host/chaos.py"

test-upstream:  ## run Odoo's own account tests with and without the payment addon
	@for series in $(or $(SERIES),$(FOUND)); do $(PYTHON) -m tests.upstream $$series || exit 1; done

test-tamper:  ## change a stored release and its bundle in 1,000 ways and find each
	@$(PYTHON) -m tests.tamper $(SERIES)

bench:  ## measure the printed log, the form, hosts, dumps, restarts and the cost of the payment addon
	@$(PYTHON) -m tools.bench
	@$(PYTHON) -m tools.test --series 19.0 --tests tests/host/bench.py
	@for series in $(or $(SERIES),$(FOUND)); do $(PYTHON) -m tests.bench $$series || exit 1; done
	@$(PYTHON) -m tests.bench.million $(or $(firstword $(SERIES)),19.0)

install-host:  ## copy the host helper to PREFIX, and an example configuration where there is none
	@$(PYTHON) addons/ipai_release_checks/host/release_host.py install --prefix "$(PREFIX)"

lint:  ## look for faults in Python and XML
	@$(PYTHON) -m tools.lint

format:  ## write what the formatters would change
	@$(PYTHON) -m tools.lint --fix

stop:  ## stop the private PostgreSQL cluster
	@$(PYTHON) -m tools.clean --stop-only

clean:  ## stop the cluster, delete its databases and everything fetched or built
	@$(PYTHON) -m tools.clean
