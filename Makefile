# tlsoff: turn STARTTLS off for chosen hosts in sendmail, and back on.
# For GNU make and bmake.  Two commands do everything on a fresh Debian:
#   make demo      install what the build needs, build, show the main job
#   make check     install what the tests need, run them all
# and for whoever edits:
#   make quick     the tests of what does no I/O, in seconds
# Everything is written below $(BUILD).  V=1 shows whole commands.

PREFIX ?= /usr/local
sbindir ?= $(PREFIX)/sbin
mandir ?= $(PREFIX)/share/man
docdir ?= $(PREFIX)/share/doc/tlsoff
unitdir ?= $(PREFIX)/lib/systemd/system
bashcompdir ?= $(PREFIX)/share/bash-completion/completions
zshcompdir ?= $(PREFIX)/share/zsh/site-functions
fishcompdir ?= $(PREFIX)/share/fish/vendor_completions.d
BUILD ?= build

CFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
HARDEN ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	-fstack-clash-protection -fPIE
HARDEN_LINK ?= -pie -Wl,-z,relro,-z,now,-z,noexecstack
# WITH_DB=no: for systems without Berkeley DB, whose maps makemap alone reads.
WITH_DB ?= yes
LIBS_WITH_DB_yes = -ldb
DEFINES_WITH_DB_yes = -DTLSOFF_LIBDB
LIBS = $(LIBS_WITH_DB_$(WITH_DB)) -lpcre2-8 -pthread $(RESOLVER)

# No _TIME_BITS: libdb's structs hold times as the system's default has them.
COMPILE = $(CC) -std=c17 $(WARN) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DPCRE2_CODE_UNIT_WIDTH=8 $(DEFINES_WITH_DB_$(WITH_DB)) -Iinclude $(HARDEN) $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS)

# A line for each file that is made, or with V=1 the whole command.
V ?= 0
SAY = @test -n "$(V:0=)" || echo
QUIET_ = @
QUIET_0 = @
QUIET = $(QUIET_$(V))

# What a make within make is given: as many jobs as there are processors, unless
# make itself was told.  Only GNU make has a MAKE_HOST, and names directories.
JOBS = $(MAKE_HOST:%=--no-print-directory) `case "$$MAKEFLAGS" in \
	*-j*) ;; *) echo "-j$$(nproc 2>/dev/null || echo 2)" ;; esac`
# bmake names the target of each line when there are jobs, unless:
.MAKE.JOB.PREFIX =

# What make makes, if it is not told; below.
all:

# The first thing made: that the compiler and the headers are there.
NEEDS = $(BUILD)/needs-$(WITH_DB)

# One rule for each source, made when make starts: the one form of a pattern
# rule over directories that both makes understand.  It sets OBJECTS (all but
# main), UNIT_TESTS, VERSION, and the dependencies on headers.  Of a path that make or sh
# would split it says so, and RULES is src/no-, which ends make.
RULES != sh src/rules.sh '$(BUILD)' "$(BUILD)" '$(WITH_DB)'
include $(RULES)rules.mk

$(NEEDS):
	@sh src/needs.sh $(WITH_DB) $(CC) $(CPPFLAGS) $(CFLAGS)
	@: >$@

# ":" where there is nothing to do, which make would tell of.
all: $(BUILD)/tlsoff
	@:

$(BUILD)/tlsoff: $(OBJECTS) $(BUILD)/src/cli/main.o
	$(SAY) LD $@
	$(QUIET)$(LINK) -o $@ $(OBJECTS) $(BUILD)/src/cli/main.o $(LIBS)

# What the targets below need: installed, if it is not there.
SETUP = $(QUIET)BUILD="$(BUILD)" sh tests/setup
setup-build:
	$(SETUP) build
setup-quick:
	$(SETUP) quick
setup-check:
	$(SETUP) check
setup-check-all:
	$(SETUP) check-all
setup-analyze:
	$(SETUP) analyze
setup-bench:
	$(SETUP) bench
setup-dist:
	$(SETUP) dist
setup-deb:
	$(SETUP) deb
setup-rpm:
	$(SETUP) rpm

demo: setup-build
	@$(MAKE) $(JOBS) all
	$(QUIET)BUILD="$(BUILD)" sh tests/demo $(BUILD)/tlsoff

# README.md's picture, of a real run.
picture: setup-build
	@$(MAKE) $(JOBS) all
	BUILD="$(BUILD)" sh tests/demo $(BUILD)/tlsoff >$(BUILD)/demo.txt
	awk -f src/dist/picture.awk $(BUILD)/demo.txt >src/dist/demo.svg

# The program, its unit tests and the private sendmail first, then prove: of all
# tests, or of those in TESTS.
check: setup-check
	@$(MAKE) $(JOBS) check-built

check-built: all unit-tests fault-tools
	$(QUIET)BUILD="$(BUILD)" CC="$(CC)" sh tests/run $(TESTS)

# The rooms without I/O, what parses sendmail.cf, and what fuzzing has found:
# these tests take seconds, and need neither root nor sendmail.
QUICK = access-parse base-arena access-check access-entry access-host access-plan access-policy \
	maillog-journal maillog-lines maillog-scan site-cf site-fuzz access-fuzz-check \
	access-fuzz-host maillog-fuzz access-fuzz-plan access-fuzz-value
QUICK_TESTS = $(QUICK:%=$(BUILD)/unit/%.t)
quick: setup-quick
	@$(MAKE) $(JOBS) quick-built

quick-built: $(QUICK_TESTS)
	$(QUIET)BUILD="$(BUILD)" sh tests/run $(QUICK_TESTS)

unit-tests: $(UNIT_TESTS)
	@:

# What makes system calls and allocations fail; as it is, whatever the program
# is built with.
FAULT_TOOLS = $(BUILD)/faults/inject $(BUILD)/faults/nomem.so \
	$(BUILD)/faults/clock.so
COMPILE_TOOL = mkdir -p $(BUILD)/faults && $(CC) -std=c17 $(WARN) -O2 -g \
	-D_GNU_SOURCE

INJECT = tests/faults/inject.c tests/faults/inject_call.c \
	tests/faults/inject_registers.c
$(BUILD)/faults/inject: $(INJECT) tests/faults/inject.h tests/faults/calls.h
	$(SAY) CC $@
	$(QUIET)$(COMPILE_TOOL) -o $@ $(INJECT)

$(BUILD)/faults/nomem.so: tests/faults/nomem.c
	$(SAY) CC $@
	$(QUIET)$(COMPILE_TOOL) -fPIC -shared -o $@ tests/faults/nomem.c

$(BUILD)/faults/clock.so: tests/faults/clock.c
	$(SAY) CC $@
	$(QUIET)$(COMPILE_TOOL) -fPIC -shared -o $@ tests/faults/clock.c

fault-tools: $(FAULT_TOOLS)
	@:

# The differential test against sendmail's own rulesets, for longer than
# "make check" does.
ROUNDS ?= 100000
oracle: setup-check
	@$(MAKE) $(JOBS) all
	$(QUIET)BUILD="$(BUILD)" ROUNDS="$(ROUNDS)" PROVE='prove -v' \
	    sh tests/run tests/live/oracle.t

# What compilers, analyzers, sanitizers and valgrind find: nothing, or it
# fails.  A part alone: make analyze ANALYZE=valgrind
ANALYZE ?=
analyze: setup-analyze
	$(QUIET)BUILD="$(BUILD)" sh tests/analyze $(ANALYZE)

# Branch coverage of the whole suite, a file and a room a line.
coverage: setup-analyze
	$(QUIET)BUILD="$(BUILD)" sh tests/coverage

# Every goal of speed and memory, side by side with the procedure by hand,
# makemap and ripgrep: below ten minutes on an idle machine, the table goes
# into tests/bench/README.md.  The quick one, below one, only shows that it works.
bench: setup-bench
	@$(MAKE) $(JOBS) all
	$(QUIET)BUILD="$(BUILD)" CC="$(CC)" tests/bench/run

bench-quick: setup-bench
	@$(MAKE) $(JOBS) all
	$(QUIET)BUILD="$(BUILD)" CC="$(CC)" BENCH_QUICK=1 tests/bench/run

# Every target of tests/fuzz, FUZZ_SECONDS each; what is new in the corpus
# stays below $(BUILD).  Needs clang and its libFuzzer.
FUZZ_SECONDS ?= 600
fuzz: setup-analyze
	$(QUIET)BUILD="$(BUILD)" SECONDS_EACH="$(FUZZ_SECONDS)" sh tests/fuzz/run

# The suites that take long or need much: packages, completions, the fleet,
# other compilers, C libraries and word sizes, fuzzing.
check-all: setup-check-all
	@$(MAKE) $(JOBS) all unit-tests fault-tools
	$(QUIET)BUILD="$(BUILD)" CC="$(CC)" sh tests/run tests/heavy/*.t

# Release and packages, below $(BUILD)/dist, deb and rpm, from the last commit.
DIST = BUILD="$(BUILD)" sh src/dist/dist.sh $(VERSION)
dist: setup-dist
	$(QUIET)$(DIST)

distcheck: setup-check
	$(QUIET)$(DIST)
	$(QUIET)BUILD="$(BUILD)" MAKE="$(MAKE)" sh src/dist/distcheck.sh $(VERSION)

deb: setup-deb
	$(QUIET)$(DIST)
	$(QUIET)BUILD="$(BUILD)" sh src/dist/deb.sh $(VERSION)

rpm: setup-rpm
	$(QUIET)$(DIST)
	$(QUIET)BUILD="$(BUILD)" sh src/dist/rpm.sh $(VERSION)

# The timer, the cron line and the completions do nothing until somebody
# enables or loads them.
install: all
	mkdir -p "$(DESTDIR)$(sbindir)" "$(DESTDIR)$(mandir)/man8" \
	    "$(DESTDIR)$(docdir)" "$(DESTDIR)$(unitdir)" "$(DESTDIR)$(bashcompdir)" \
	    "$(DESTDIR)$(zshcompdir)" "$(DESTDIR)$(fishcompdir)"
	install -m 0755 $(BUILD)/tlsoff "$(DESTDIR)$(sbindir)/tlsoff"
	sed 's/^\.Os$$/.Os tlsoff $(VERSION)/' man/tlsoff.8 \
	    >"$(DESTDIR)$(mandir)/man8/tlsoff.8"
	sed 's,@SBINDIR@,$(sbindir),' src/dist/tlsoff.cron \
	    >"$(DESTDIR)$(docdir)/tlsoff.cron"
	sed 's,@SBINDIR@,$(sbindir),' src/dist/tlsoff-expire.service \
	    >"$(DESTDIR)$(unitdir)/tlsoff-expire.service"
	chmod 0644 "$(DESTDIR)$(mandir)/man8/tlsoff.8" \
	    "$(DESTDIR)$(docdir)/tlsoff.cron" \
	    "$(DESTDIR)$(unitdir)/tlsoff-expire.service"
	install -m 0644 src/dist/tlsoff.schema.json \
	    "$(DESTDIR)$(docdir)/tlsoff.schema.json"
	install -m 0644 src/dist/tlsoff-expire.timer \
	    "$(DESTDIR)$(unitdir)/tlsoff-expire.timer"
	install -m 0644 src/dist/completions/tlsoff.bash \
	    "$(DESTDIR)$(bashcompdir)/tlsoff"
	install -m 0644 src/dist/completions/tlsoff.zsh \
	    "$(DESTDIR)$(zshcompdir)/_tlsoff"
	install -m 0644 src/dist/completions/tlsoff.fish \
	    "$(DESTDIR)$(fishcompdir)/tlsoff.fish"

uninstall:
	rm -f "$(DESTDIR)$(sbindir)/tlsoff" "$(DESTDIR)$(mandir)/man8/tlsoff.8" \
	    "$(DESTDIR)$(docdir)/tlsoff.cron" \
	    "$(DESTDIR)$(docdir)/tlsoff.schema.json" \
	    "$(DESTDIR)$(unitdir)/tlsoff-expire.service" \
	    "$(DESTDIR)$(unitdir)/tlsoff-expire.timer" \
	    "$(DESTDIR)$(bashcompdir)/tlsoff" "$(DESTDIR)$(zshcompdir)/_tlsoff" \
	    "$(DESTDIR)$(fishcompdir)/tlsoff.fish"
	rmdir "$(DESTDIR)$(docdir)" 2>/dev/null || :

clean:
	rm -rf $(BUILD)

.PHONY: all setup-build setup-quick setup-check setup-check-all setup-analyze \
	setup-bench setup-dist setup-deb setup-rpm demo picture check \
	check-built quick quick-built unit-tests fault-tools oracle analyze \
	coverage bench bench-quick fuzz check-all dist distcheck deb rpm \
	install uninstall clean
