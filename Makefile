# tlsoff: turn STARTTLS off for chosen hosts in sendmail, and back on.
# For GNU make and bmake.  Two commands do everything on a fresh Debian:
#   make demo      install what the build needs, build, show the main job
#   make check     install what the tests need, run them all
# Everything is written below $(BUILD).

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
LIBS = -ldb -lpcre2-8 -pthread

COMPILE = $(CC) -std=c17 $(WARN) -D_GNU_SOURCE -DPCRE2_CODE_UNIT_WIDTH=8 \
	-Iinclude $(HARDEN) $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS)

all: $(BUILD)/tlsoff

# One rule for each source, made when make starts: the one form of a pattern
# rule over directories that both makes understand.  It sets OBJECTS (all but
# main), UNIT_TESTS, and the dependencies on headers.
RULES != sh src/rules.sh $(BUILD)
include $(BUILD)/rules.mk

$(BUILD)/tlsoff: $(OBJECTS) $(BUILD)/src/cli/main.o
	$(LINK) -o $@ $(OBJECTS) $(BUILD)/src/cli/main.o $(LIBS)

setup-build:
	BUILD="$(BUILD)" sh tests/setup build

setup-check:
	BUILD="$(BUILD)" sh tests/setup check

demo: setup-build
	$(MAKE) all
	BUILD="$(BUILD)" sh tests/demo $(BUILD)/tlsoff

# The program, its unit tests and the private sendmail first, then prove.
check: setup-check
	$(MAKE) check-built

check-built: all unit-tests
	BUILD="$(BUILD)" CC="$(CC)" sh tests/run

unit-tests: $(UNIT_TESTS)

# The differential test against sendmail's own rulesets, for longer than
# "make check" does.
ROUNDS ?= 100000
oracle: setup-check all
	BUILD="$(BUILD)" ROUNDS="$(ROUNDS)" PROVE='prove -v' \
	    sh tests/run tests/live/oracle.t

# Every target of tests/fuzz, FUZZ_SECONDS each; what is new in the corpus
# stays below $(BUILD).  Needs clang and its libFuzzer.
FUZZ_SECONDS ?= 600
fuzz:
	BUILD="$(BUILD)" SECONDS_EACH="$(FUZZ_SECONDS)" sh tests/fuzz/run

# All of it, the suites that take long or need much as well.
check-all:
	BUILD="$(BUILD)" sh tests/setup check-all
	$(MAKE) check-built
	BUILD="$(BUILD)" CC="$(CC)" sh tests/run tests/heavy/*.t

# Release and packages, below $(BUILD)/dist, deb and rpm, from the last commit.
VERSION != sed -n 's/^.define VERSION "\(.*\)"/\1/p' src/cli/help.c
dist:
	BUILD="$(BUILD)" sh src/dist/dist.sh $(VERSION)

distcheck: dist
	BUILD="$(BUILD)" MAKE="$(MAKE)" sh src/dist/distcheck.sh $(VERSION)

deb: dist
	BUILD="$(BUILD)" sh src/dist/deb.sh $(VERSION)

rpm: dist
	BUILD="$(BUILD)" sh src/dist/rpm.sh $(VERSION)

# The timer, the cron line and the completions do nothing until somebody
# enables or loads them.
install: all
	mkdir -p $(DESTDIR)$(sbindir) $(DESTDIR)$(mandir)/man8 \
	    $(DESTDIR)$(docdir) $(DESTDIR)$(unitdir) $(DESTDIR)$(bashcompdir) \
	    $(DESTDIR)$(zshcompdir) $(DESTDIR)$(fishcompdir)
	install -m 0755 $(BUILD)/tlsoff $(DESTDIR)$(sbindir)/tlsoff
	install -m 0644 man/tlsoff.8 $(DESTDIR)$(mandir)/man8/tlsoff.8
	sed 's,@SBINDIR@,$(sbindir),' src/dist/tlsoff.cron \
	    >$(DESTDIR)$(docdir)/tlsoff.cron
	sed 's,@SBINDIR@,$(sbindir),' src/dist/tlsoff-expire.service \
	    >$(DESTDIR)$(unitdir)/tlsoff-expire.service
	chmod 0644 $(DESTDIR)$(docdir)/tlsoff.cron \
	    $(DESTDIR)$(unitdir)/tlsoff-expire.service
	install -m 0644 src/dist/tlsoff-expire.timer \
	    $(DESTDIR)$(unitdir)/tlsoff-expire.timer
	install -m 0644 src/dist/completions/tlsoff.bash \
	    $(DESTDIR)$(bashcompdir)/tlsoff
	install -m 0644 src/dist/completions/tlsoff.zsh \
	    $(DESTDIR)$(zshcompdir)/_tlsoff
	install -m 0644 src/dist/completions/tlsoff.fish \
	    $(DESTDIR)$(fishcompdir)/tlsoff.fish

uninstall:
	rm -f $(DESTDIR)$(sbindir)/tlsoff $(DESTDIR)$(mandir)/man8/tlsoff.8 \
	    $(DESTDIR)$(docdir)/tlsoff.cron \
	    $(DESTDIR)$(unitdir)/tlsoff-expire.service \
	    $(DESTDIR)$(unitdir)/tlsoff-expire.timer \
	    $(DESTDIR)$(bashcompdir)/tlsoff $(DESTDIR)$(zshcompdir)/_tlsoff \
	    $(DESTDIR)$(fishcompdir)/tlsoff.fish
	rmdir $(DESTDIR)$(docdir) 2>/dev/null || :

clean:
	rm -rf $(BUILD)

.PHONY: all setup-build setup-check demo check check-built unit-tests fuzz \
	oracle check-all dist distcheck deb rpm install uninstall clean
